//! Feelings people name as their own. `says` holds `{feel}` ("worried about your exam"); `asks`
//! stand after it and name nothing.

use super::{Feeling, Tone};

pub(crate) const FEELINGS: &[Feeling] = &[
    Feeling {
        name: "sad",
        tone: Tone::Low,
        words: &[
            "sad", "unhappy", "miserable", "upset", "heartbroken", "gloomy", "tearful", "blue", "down", "low", "awful",
            "terrible", "horrible", "bad", "rubbish", "devastated", "shattered", "broken", "not good", "not okay",
            "not ok", "not well", "sorrowful", "melancholy", "crushed", "wretched",
        ],
        says: &[
            "I'm sorry you feel {feel}.",
            "Feeling {feel} is a lot to take through a whole day.",
            "Thank you for saying so plainly that you feel {feel}.",
            "{Feel}, that's how it is just now, and it doesn't need dressing up here.",
            "When a person feels {feel}, even small errands weigh something.",
        ],
        asks: &[
            "Did it come over you slowly, or all at once?",
            "What does the sadness say when you let it talk?",
            "Is there anyone who would sit beside you for a while, without fixing anything?",
            "Has today held even one minute that was a little lighter?",
        ],
    },
    Feeling {
        name: "tired",
        tone: Tone::Low,
        words: &[
            "tired", "exhausted", "drained", "worn out", "burnt out", "burned out", "sleepy", "weary", "knackered",
            "fatigued", "wiped out", "wiped", "dead tired", "run down", "sluggish", "spent",
        ],
        says: &[
            "No wonder the words come slowly when you feel {feel}.",
            "Feeling {feel} makes every hill a bit steeper.",
            "{Feel}: then let's keep this easy and unhurried.",
            "You're allowed to feel {feel} without having earned it first.",
            "There is the kind of {feel} that a night mends, and the kind that needs more than a night.",
        ],
        asks: &[
            "Which is more worn, the body or the head?",
            "What took the most out of you?",
            "When did you last do nothing at all, on purpose?",
            "Could one thing on your list wait until another day?",
        ],
    },
    Feeling {
        name: "worried",
        tone: Tone::Low,
        words: &[
            "worried", "nervous", "anxious", "uneasy", "tense", "on edge", "restless", "concerned", "apprehensive",
            "stressed about", "panicky", "jittery", "insecure", "unsure", "uncertain", "worrying",
        ],
        says: &[
            "Feeling {feel} can take up far more room than the thing itself.",
            "It makes sense to feel {feel} when something matters to you.",
            "So you feel {feel}, and the mind keeps running ahead.",
            "{Feel}, then. We can look at it slowly, one corner at a time.",
            "I can hear that you feel {feel}, and there's no need to hide it.",
        ],
        asks: &[
            "What is the picture your mind keeps showing you?",
            "Which part of it is yours to do something about, and which isn't?",
            "Is there a moment of the day when the worry lets go a little?",
            "If it turned out only middling, what would that look like?",
        ],
    },
    Feeling {
        name: "scared",
        tone: Tone::Low,
        words: &["scared", "afraid", "frightened", "terrified", "fearful", "petrified"],
        says: &[
            "Feeling {feel} is nothing to be ashamed of.",
            "You feel {feel}, and you still found words for it.",
            "Saying that you feel {feel} is already a step out of being alone with it.",
            "It takes a steady sort of nerve to admit to feeling {feel}.",
        ],
        asks: &[
            "What would help you feel a little safer this evening?",
            "Is the fear about something near, or something that may come?",
            "Who do you like to have close when it gets frightening?",
        ],
    },
    Feeling {
        name: "angry",
        tone: Tone::Low,
        words: &[
            "angry", "furious", "mad", "annoyed", "irritated", "frustrated", "livid", "fed up", "raging", "cross",
            "bitter", "resentful", "enraged", "irritable", "sick of",
        ],
        says: &[
            "Feeling {feel} usually means that something you care about was stepped on.",
            "You have room here to feel {feel}, as loudly as you need.",
            "To feel {feel} is honest.",
            "I won't try to talk you out of feeling {feel}.",
            "Then feel {feel} for a bit; nobody here will tell you to calm down.",
        ],
        asks: &[
            "What was the moment that tipped it over?",
            "What would you have wanted to hear instead?",
            "Under the heat of it, is something else hurting?",
            "What would a fair ending look like to you?",
        ],
    },
    Feeling {
        name: "lonely",
        tone: Tone::Low,
        words: &["lonely", "alone", "isolated", "left out", "lonesome", "unloved", "unwanted", "invisible", "abandoned", "excluded"],
        says: &[
            "Feeling {feel} has a silence of its own, and it's good that you broke it here.",
            "{Feel} is a hard word to write, so thank you for writing it.",
            "People can feel {feel} in a full room as much as in an empty one.",
            "I'm only a small program, but I'm glad you said here that you feel {feel}.",
        ],
        asks: &[
            "When did you last feel really met by someone?",
            "Whose company do you find yourself wishing for?",
            "Is there a person you could send just one line to?",
            "Which hours of the day are the quietest?",
        ],
    },
    Feeling {
        name: "overwhelmed",
        tone: Tone::Low,
        words: &[
            "stressed", "overwhelmed", "stressed out", "swamped", "overloaded", "under pressure", "frazzled", "snowed under",
            "rushed", "behind", "busy", "drowning",
        ],
        says: &[
            "Feeling {feel} can make ten small tasks look like one wall.",
            "You feel {feel}, so nothing needs solving in the next minute.",
            "{Feel}, then. It helps some people to set the whole pile down in words first.",
            "Anyone holding that much would feel {feel} sooner or later.",
        ],
        asks: &[
            "If only one of those things could get done, which would bring the most relief?",
            "What could be left undone with no great harm?",
            "Which of it is truly yours, and which was handed to you?",
            "How would you like tomorrow to begin?",
        ],
    },
    Feeling {
        name: "ashamed",
        tone: Tone::Low,
        words: &["ashamed", "guilty", "embarrassed", "humiliated", "mortified", "sorry for myself", "stupid", "foolish", "awkward", "useless", "pathetic", "inadequate"],
        says: &[
            "Feeling {feel} often says more about your standards than about your worth.",
            "It's hard to show the part that feels {feel}, and you did.",
            "{Feel} is a feeling, and it isn't a verdict on you.",
            "Most people have felt {feel} over something they never told a soul.",
        ],
        asks: &[
            "What would you say to a friend who told you the same?",
            "Is it your own voice that judges, or somebody else's?",
            "What did you need back then that you didn't have?",
        ],
    },
    Feeling {
        name: "hurt",
        tone: Tone::Low,
        words: &["hurt", "betrayed", "rejected", "let down", "ignored", "misunderstood", "offended", "wounded", "unappreciated", "disrespected"],
        says: &[
            "I'm sorry you were left feeling {feel}.",
            "To feel {feel} by someone who matters goes deep.",
            "Feeling {feel} is real, even when nobody meant it.",
            "To come home feeling {feel} is heavy.",
        ],
        asks: &[
            "What do you wish they had understood?",
            "Have you been able to say it to the person, or only to yourself so far?",
            "What would begin to put it right?",
        ],
    },
    Feeling {
        name: "disappointed",
        tone: Tone::Low,
        words: &["disappointed", "discouraged", "disheartened", "disillusioned", "deflated", "unlucky", "gutted", "dissatisfied", "unsatisfied", "demotivated", "unmotivated"],
        says: &[
            "Feeling {feel} shows how much you had hoped for.",
            "You had pictured it otherwise, and now you feel {feel}.",
            "It's fair to feel {feel} before anyone talks about silver linings.",
        ],
        asks: &[
            "What had you been looking forward to most?",
            "Is the hope gone, or has it only moved further off?",
            "What would make the next few days kinder?",
        ],
    },
    Feeling {
        name: "empty",
        tone: Tone::Low,
        words: &["empty", "numb", "lost", "stuck", "hollow", "flat", "detached", "meaningless", "aimless", "trapped", "listless", "homesick", "nostalgic"],
        says: &[
            "Feeling {feel} is hard to explain, and you don't have to explain it well.",
            "{Feel} can be what is left when too much has been asked for too long.",
            "You put a name to it: {feel}. That's somewhere to begin.",
            "Even feeling {feel} is something I can keep you company in.",
        ],
        asks: &[
            "When did you last feel most like yourself?",
            "If the feeling had a place in the body, where would it sit?",
            "What used to catch your interest, even a little?",
            "What would a slightly better afternoon be made of?",
        ],
    },
    Feeling {
        name: "confused",
        tone: Tone::Low,
        words: &["confused", "torn", "undecided", "puzzled", "conflicted", "unsettled", "doubtful", "distracted", "disoriented", "mixed up"],
        says: &[
            "Feeling {feel} is often the honest stage before things sort themselves.",
            "You can feel {feel} here for as long as it takes.",
            "{Feel} it is; nobody is waiting for a finished answer.",
        ],
        asks: &[
            "Which two things are pulling against each other?",
            "What do you know for certain, however small?",
            "If you had to explain it to a child, how would it start?",
        ],
    },
    Feeling {
        name: "jealous",
        tone: Tone::Low,
        words: &["jealous", "envious", "possessive", "suspicious", "distrustful"],
        says: &[
            "Hardly anyone admits to feeling {feel}, so I take it as trust.",
            "Feeling {feel} often points at something you long for yourself.",
            "{Feel} is uncomfortable, and it's also very human.",
        ],
        asks: &["What is it they have that you would like for your own life?", "What would you need in order to feel sure of your place?"],
    },
    Feeling {
        name: "bored",
        tone: Tone::Even,
        words: &["bored", "uninspired", "underwhelmed", "indifferent", "meh", "unproductive"],
        says: &[
            "Feeling {feel} is sometimes only the pause before an idea.",
            "So you feel {feel}. I'm not much of a circus, but I'm glad of the company.",
            "{Feel}, an underrated state, though it rarely seems that way.",
        ],
        asks: &[
            "What did you do with empty afternoons when you were ten?",
            "What have you been putting off that you might secretly enjoy?",
            "If you could be anywhere in an hour, where would you turn up?",
        ],
    },
    Feeling {
        name: "okay",
        tone: Tone::Even,
        words: &["okay", "ok", "fine", "alright", "all right", "so so", "so-so", "normal", "average", "neutral", "not bad"],
        says: &[
            "{Feel} is a perfectly good place to be.",
            "You feel {feel}, then. Ordinary days deserve some credit too.",
            "I'll take {feel} at its word.",
            "Feeling {feel} can mean a hundred things, and none of them need explaining.",
        ],
        asks: &[
            "What has your day been made of so far?",
            "Is there anything underneath it that would like some air?",
            "What would nudge the day a little upwards?",
        ],
    },
    Feeling {
        name: "happy",
        tone: Tone::Bright,
        words: &[
            "happy", "glad", "cheerful", "joyful", "delighted", "great", "good", "wonderful", "amazing", "fantastic",
            "awesome", "content", "over the moon", "thrilled", "ecstatic", "elated", "better", "much better", "well",
            "very well", "lovely", "lucky", "pleased", "satisfied", "brilliant", "on top of the world", "super happy",
        ],
        says: &[
            "It's lovely to hear that you feel {feel}.",
            "You feel {feel}, and I hope it stays for a good long while.",
            "{Feel}! Let that take up its full size.",
            "Feeling {feel} is worth a line in any diary.",
            "I'm glad you came here while you feel {feel}.",
        ],
        asks: &[
            "What was the best minute of it?",
            "Who would you most like to share it with?",
            "What do you want to remember about today?",
            "What helped it come about?",
        ],
    },
    Feeling {
        name: "proud",
        tone: Tone::Bright,
        words: &["proud", "accomplished", "confident", "strong", "brave", "successful", "capable", "motivated", "productive", "determined"],
        says: &[
            "Feeling {feel} suits you; there was work behind it.",
            "You have every reason to feel {feel}.",
            "{Feel}, and rightly so.",
            "Say it twice if you like: you feel {feel}.",
        ],
        asks: &[
            "Which part of it took the most courage?",
            "What would the you of a year ago say to this?",
            "How will you mark it, in some small way?",
        ],
    },
    Feeling {
        name: "excited",
        tone: Tone::Bright,
        words: &["excited", "eager", "inspired", "curious", "hopeful", "optimistic", "enthusiastic", "pumped", "hyped", "in love", "smitten"],
        says: &[
            "It's good to meet you while you feel {feel}.",
            "Feeling {feel} puts a spring into quite ordinary hours.",
            "You feel {feel}, and it comes through even in plain letters.",
            "{Feel} is such a good engine for a day.",
        ],
        asks: &[
            "What is the part you can hardly wait for?",
            "How did it all begin?",
            "What will the first step be?",
        ],
    },
    Feeling {
        name: "calm",
        tone: Tone::Bright,
        words: &["calm", "relaxed", "peaceful", "at peace", "relieved", "rested", "safe", "free", "serene", "balanced", "comfortable", "light", "at ease", "settled"],
        says: &[
            "Feeling {feel} is something to sit in for a while.",
            "{Feel}: may it go with you into the evening.",
            "It's good that you noticed feeling {feel}; such moments slip by so easily.",
            "I'm glad there is room in you to feel {feel} today.",
        ],
        asks: &[
            "What helped you get there?",
            "Where do you feel it most?",
            "How could a little of it be kept for tomorrow?",
        ],
    },
    Feeling {
        name: "grateful",
        tone: Tone::Bright,
        words: &["grateful", "thankful", "loved", "blessed", "appreciated", "supported", "understood", "cared for"],
        says: &[
            "Feeling {feel} warms whoever is near it, and here that is me.",
            "To feel {feel} and to know it is a fine thing.",
            "{Feel} is a good word to end a day on.",
        ],
        asks: &[
            "Is there somebody who ought to hear that from you?",
            "Which small thing made you feel it today?",
            "What did it change in how the day looked?",
        ],
    },
];
