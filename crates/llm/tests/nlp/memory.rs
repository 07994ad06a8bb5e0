//! What it remembers and how it follows a conversation, as a person meets it.

use crate::talk::{hold, last};

#[test]
fn what_was_said_of_somebody_is_told_again() {
    let answer = last(&[
        "My sister Ana says I should just relax",
        "She studied maths in Lisbon",
        "What did I tell you about Ana?",
    ]);
    for part in ["Ana is your sister", "you should just relax", "studied maths in Lisbon"] {
        assert!(answer.contains(part), "{answer}");
    }
    assert!(last(&["hi", "What did I tell you about Ana?"]).contains("Ana"));
    assert!(!last(&["hi", "What did I tell you about Ana?"]).contains("sister"));
}

#[test]
fn times_deeds_names_and_feelings_are_told_again() {
    let time = last(&["they want an answer by Friday", "I'm torn", "When do I have to answer?"]);
    assert!(time.to_lowercase().contains("by friday"), "{time}");
    let deed = last(&["I made her lentil soup tonight", "ok", "Do you remember what I made?"]);
    assert!(deed.contains("you made her lentil soup"), "{deed}");
    let name = last(&["My name is Ana", "it rained", "what is my name?"]);
    assert!(name.contains("Ana"), "{name}");
    let felt = last(&["I'm terrified of my exam", "yes", "what was I so afraid of?"]);
    assert!(felt.contains("exam") || felt.contains("terrified"), "{felt}");
    let nothing = last(&["hello", "do you know my name?"]);
    assert!(!nothing.contains("Ana") && nothing.contains("name"), "{nothing}");
}

#[test]
fn memory_works_in_other_languages() {
    for (said, part) in [
        (
            ["Meine Freundin Lena sagt, ich soll kündigen", "Was habe ich dir über Lena erzählt?"],
            "Lena sagt ich soll kündigen",
        ),
        (["mi hermana Lucía vive en Madrid", "¿qué te dije de Lucía?"], "Lucía vive en Madrid"),
        (
            ["ma soeur Claire habite à Lyon", "qu'est-ce que je t'ai dit sur Claire ?"],
            "Claire habite à Lyon",
        ),
        (["mia sorella Giulia vive a Roma", "cosa ti ho detto di Giulia?"], "Giulia vive a Roma"),
        (
            ["minha irmã Marta mora em Lisboa", "o que eu te disse sobre Marta?"],
            "Marta mora em Lisboa",
        ),
        (
            ["mijn zus Anouk woont in Gent", "wat heb ik je over Anouk verteld?"],
            "Anouk woont in Gent",
        ),
    ] {
        let answer = last(&said);
        assert!(answer.contains(part), "{said:?}: {answer}");
    }
}

#[test]
fn the_mood_may_turn() {
    let turns = hold(&["I'm so nervous about my driving test", "I failed it twice", "I PASSED!!!"]);
    let answer = &turns[2].answer;
    let glad = ["glad", "relief", "lighter", "well", "Congratulations"];
    assert!(glad.iter().any(|word| answer.contains(word)), "{answer}");
    assert!(!turns[1].answer.contains("glad"), "{}", turns[1].answer);
}

#[test]
fn advice_is_a_thought_and_not_a_question_back() {
    for (told, word) in [
        ("I can't sleep, I lie awake for hours", "bed"),
        ("I have an exam on Friday and I'm terrified", "minutes"),
        ("I just moved to Leeds and I know nobody here", "week"),
        ("my boss yelled at me in front of everyone", "minutes"),
    ] {
        let answer = last(&[told, "What can I do?"]);
        assert!(
            answer.to_lowercase().contains(word) && !answer.contains("decide it yourself"),
            "{answer}"
        );
    }
}

#[test]
fn no_more_questions_means_none() {
    let turns = hold(&[
        "please stop asking questions",
        "I had a bad day",
        "my boss yelled at me",
        "I can't sleep",
        "it rained",
        "my sister called",
    ]);
    assert!(turns.iter().all(|turn| !turn.answer.contains('?')));
}

#[test]
fn what_is_ahead_gets_a_good_wish_at_the_end() {
    let answer = last(&["I have my statistics exam on Friday", "it scares me", "good night"]);
    assert!(answer.contains("on Friday"), "{answer}");
    // Nothing is wished for at a grave.
    let grave = last(&["My exam is on Friday", "My grandmother died yesterday", "good night"]);
    assert!(!grave.contains("Friday"), "{grave}");
}

#[test]
fn after_despair_no_subject_of_it_comes_back() {
    let turns =
        hold(&["I feel hopeless since my job at the museum ended", "hm", "tell me something"]);
    assert!(turns[1..].iter().all(|turn| !turn.answer.contains("museum")));
}
