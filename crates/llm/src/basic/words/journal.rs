//! What is written under a journal entry: one sentence that picks something up, one that thanks,
//! steadies or asks. No clinical word, no number, no address; a test reads every line for that.

/// The first sentence, with `{it}` (a theme or a thing of the entry).
pub(crate) const IT_HEAVY: &[&str] = &[
    "Thank you for trusting this page with {it}.",
    "What you wrote about {it} is a great deal to hold.",
    "I read what you wrote about {it} slowly and with care.",
    "It took courage to put {it} into words.",
    "There's nothing small about {it}.",
];
pub(crate) const IT_LOW: &[&str] = &[
    "It sounds as though {it} asked a lot of you.",
    "No wonder {it} left its mark on this entry.",
    "You've written honestly about {it}, which isn't easy.",
    "I can hear how much thought went into {it}.",
    "A day with {it} in it can feel very long.",
    "Thank you for putting {it} down here instead of carrying it silently.",
    "There's a lot between the lines about {it}.",
    "It makes sense to feel the weight of {it}.",
];
pub(crate) const IT_BRIGHT: &[&str] = &[
    "What a good thing to find on the page, {it}.",
    "There's real joy in how you write about {it}.",
    "It's lovely to read about {it}.",
    "You can be glad of {it}.",
    "A page with {it} on it is worth coming back to.",
    "How good that {it} found its way into this entry.",
    "The way you tell about {it} brightens the whole page.",
    "Here's to {it}, and to you for noticing.",
];
pub(crate) const IT_EVEN: &[&str] = &[
    "You gave {it} a place on the page, and that's worth something.",
    "There's a quiet thread about {it} running through this.",
    "You made room for {it} on this page.",
    "I like how plainly you write about {it}.",
    "Something about {it} clearly wanted to be noticed.",
    "Thank you for letting me read about {it}.",
    "I lingered for a moment over {it}.",
];

/// The first sentence, with `{who}`.
pub(crate) const WHO_LOW: &[&str] = &[
    "What you write about {who} clearly goes deep.",
    "It can't have been easy, what with {who}.",
    "There's so much feeling in the lines about {who}.",
    "Thank you for writing about {who} so openly.",
];
pub(crate) const WHO_BRIGHT: &[&str] = &[
    "You can hear the warmth when you write about {who}.",
    "How good to have {who} on this page.",
    "There's a smile in every line about {who}.",
    "It's a gift to have {who} near.",
];
pub(crate) const WHO_EVEN: &[&str] = &[
    "It's good that {who} found a place in your words.",
    "I like the way {who} appears in this entry.",
    "You've drawn a fine little picture of {who}.",
    "Something about {who} stayed with you today.",
];
pub(crate) const WHO_GRIEF: &[&str] = &[
    "I'm so sorry about {who}.",
    "Your love for {who} is in every line.",
    "Missing {who} like this shows how much there was between you.",
    "To write about {who}, even now, is a way of keeping them near.",
];

/// The first sentence when the mood is all there is to go by, by the name of the feeling.
pub(crate) const MOODS: &[(&str, &[&str])] = &[
    (
        "sad",
        &[
            "I'm sorry today is a sad one.",
            "Sad days want a soft chair and few demands.",
            "Your sadness is welcome on this page.",
        ],
    ),
    (
        "tired",
        &[
            "You sound tired, and that deserves to be taken seriously.",
            "A tired day needs no more than what you gave it.",
            "Being tired is reason enough to put things down.",
        ],
    ),
    (
        "worried",
        &[
            "A worried mind works so hard, and yours did today.",
            "Your worries have room on this page.",
            "It's a restless feeling, and you wrote right through it.",
        ],
    ),
    (
        "scared",
        &[
            "It takes nerve to write while you're scared.",
            "Fear is easier to look at once it's on paper.",
        ],
    ),
    (
        "angry",
        &[
            "Your anger has every right to be on this page.",
            "There's heat in these lines, and you let it out in a good place.",
            "Being angry often means that something matters.",
        ],
    ),
    (
        "lonely",
        &[
            "Lonely hours are long, and you kept yourself company by writing.",
            "I'm glad you reached for this page on a lonely day.",
        ],
    ),
    (
        "overwhelmed",
        &[
            "That was a great deal for a single day.",
            "With so much going on, no wonder it feels crowded.",
            "You've been holding many threads at once.",
        ],
    ),
    (
        "ashamed",
        &[
            "It's brave to write down what one would rather hide.",
            "You're looking at yourself honestly, so do it kindly too.",
        ],
    ),
    ("hurt", &["I'm sorry you were hurt.", "What hurt you deserved to be written down."]),
    (
        "disappointed",
        &[
            "Disappointment stings most where the hope was real.",
            "You had hoped for something else, and that's allowed to ache.",
        ],
    ),
    (
        "empty",
        &["Even an empty day is worth a page.", "You found words on a day that offered few."],
    ),
    (
        "confused",
        &[
            "It's all right for this to be unsorted.",
            "Mixed feelings are often the most honest ones.",
        ],
    ),
    (
        "jealous",
        &["It's honest of you to write that down.", "There's a wish hidden in that feeling."],
    ),
    (
        "bored",
        &["Slow days have their own way of saying something.", "Not every page needs an event."],
    ),
    ("okay", &["An okay day is a good thing to have had.", "Steady days deserve a line too."]),
    (
        "happy",
        &[
            "It's a pleasure to read a happy page.",
            "Your good mood comes right through the ink.",
            "May this happiness stay a while.",
        ],
    ),
    ("proud", &["You have every reason to be proud.", "It does good to read you standing tall."]),
    (
        "hopeful",
        &[
            "There's hope between these lines.",
            "Something in this page looks forward.",
            "You left a window open in this entry, and light comes in.",
        ],
    ),
    ("excited", &["Your excitement is catching.", "There's such a spring in these lines."]),
    (
        "calm",
        &[
            "What a restful page this is.",
            "There's a calm in these lines that is good to sit in.",
            "You've found a quiet spot in the day.",
        ],
    ),
    (
        "grateful",
        &[
            "Gratitude looks good on this page.",
            "You noticed the good things, and that's a gift in itself.",
        ],
    ),
];

/// The first sentence when there is nothing else to go by.
pub(crate) const PLAIN_LOW: &[&str] = &[
    "Thank you for writing, on a day that wasn't easy.",
    "It sounds like a heavy day, and you still found words for it.",
    "I'm glad you didn't keep this to yourself.",
    "What you feel is allowed to be here just as it is.",
];
pub(crate) const PLAIN_BRIGHT: &[&str] = &[
    "This was a joy to read.",
    "What a bright page.",
    "Thank you for sharing such a good moment.",
    "There's so much light in this entry.",
];
pub(crate) const PLAIN_EVEN: &[&str] = &[
    "Thank you for writing this down.",
    "It's good that you took a moment for yourself.",
    "A page like this keeps a day from slipping away.",
    "I read every line of it, gladly.",
];

/// The second sentence.
pub(crate) const STEADY_HEAVY: &[&str] = &[
    "Go gently, one hour at a time.",
    "You don't have to carry it alone; let someone you trust sit with you.",
    "There's no right pace for this, only yours.",
    "I hope someone kind is near you tonight.",
    "Nothing has to be solved today.",
];
pub(crate) const STEADY_LOW: &[&str] = &[
    "Be as gentle with yourself as you would be with a friend.",
    "Let the evening be simple, if you can.",
    "What would make the next hour a little softer?",
    "Writing it down was already a good step.",
    "Tomorrow may begin on a clean line.",
    "Is there one small thing that would do you good tonight?",
    "You're allowed to rest before you have answers.",
    "Who could you share a bit of this with?",
    "May something warm find you before the day is out.",
    "You got through today, and that counts.",
];
pub(crate) const STEADY_BRIGHT: &[&str] = &[
    "Let it keep you warm for a good while.",
    "Which moment would you like to remember most?",
    "Hold on to that feeling.",
    "Days like this are worth keeping.",
    "Who would enjoy hearing about it?",
    "You've every reason to smile.",
    "May there be plenty more of it.",
    "Enjoy it, all of it.",
];
pub(crate) const STEADY_EVEN: &[&str] = &[
    "What would you like to carry into tomorrow?",
    "A life is made of small things.",
    "May the rest of the day be kind to you.",
    "What part of it will you still think of next week?",
    "Take a breath, and let the day settle.",
    "It was worth a page.",
    "I hope the evening treats you well.",
    "How did it feel to write it down?",
];
