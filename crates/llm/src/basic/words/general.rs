//! What fits any subject: ways to pick a thing up, questions, quiet closings, and the small parts
//! from which something new is put together when all else has been said.

/// Exactly this, when someone may be in danger; see the crate `care` for who decides it first.
pub(crate) const CRISIS: &str = "If you're feeling unsafe or overwhelmed, please consider reaching out to someone you trust or a local support service.";

/// The phrases that call for it, in letters and single spaces; one that ends in a space is a whole
/// word, the others may go on.
pub(crate) const CRISIS_PHRASES: &[&str] =
    &["suicid", "kill myself", "self harm", "selfharm", "want to die "];

/// Picks up `{it}`, on a bad day.
pub(crate) const IT_LOW: &[&str] = &[
    "I'm sorry you've got {it} to deal with.",
    "Thank you for telling me about {it}.",
    "It can't be easy, what with {it}.",
    "I can tell what a weight there is in {it}.",
    "Nobody would find {it} easy.",
    "There's a tiredness that comes with {it}, and it has nothing to do with sleep.",
    "I hear you on {it}, and I'm not going to hurry you.",
    "You've been dealing with {it}, and it shows how much you hold together.",
    "Sometimes {it} can fill the whole window for a while.",
    "You don't need to find a bright side to {it}.",
    "That would be a lot, even if it were only {it}.",
    "It makes sense that {it} won't leave you alone.",
];

/// Picks up `{it}`, on a good day.
pub(crate) const IT_BRIGHT: &[&str] = &[
    "How nice to hear about {it}.",
    "I enjoy the way you speak about {it}.",
    "That's a happy thing to read, all the more with {it} in it.",
    "Thank you for sharing {it}; it lights things up a bit.",
    "Good things deserve telling, {it} among them.",
    "There's real gladness in how you bring up {it}.",
    "I'll gladly hear more about {it}.",
    "More days could do with something like {it}.",
    "What a pleasure, {it}.",
];

/// Picks up `{it}` on any day.
pub(crate) const IT_EVEN: &[&str] = &[
    "I'd like to hear more about {it}.",
    "You bring up {it}, and I'm curious.",
    "So there's {it}.",
    "I'm following you with {it}.",
    "There seems to be a story in {it}.",
    "What catches my ear is {it}.",
    "I've never met {it} myself, so I'll learn it from you.",
    "Let's stay with {it} for a moment.",
    "You put {it} in the middle, so I'll leave it there.",
    "I can picture {it}, roughly and from far away.",
    "I'd gladly hear a second sentence about {it}.",
    "It's good to have {it} out in the open.",
    "I'm glad you mention {it}.",
    "Right, {it}. Go at your own speed.",
    "I'm turning over what you say about {it}.",
    "The way you put it, {it} could mean several things.",
    "As for {it}, I'm all ears.",
    "I take note of {it}.",
];

/// Picks up `{who}`.
pub(crate) const WHO_LOW: &[&str] = &[
    "It's hard, with {who} in the middle of it.",
    "What happens with {who} clearly goes deep.",
    "I can hear you've got {who} on your mind.",
    "You care about {who}, or it wouldn't sting like this.",
    "Between you and {who} there must be a lot that hasn't been said.",
    "It takes something to write about {who} so openly.",
];
pub(crate) const WHO_BRIGHT: &[&str] = &[
    "It's lovely how you speak of {who}.",
    "I like the sound of {who} already.",
    "How good to have {who} in your life.",
    "You can hear the smile when you mention {who}.",
    "I hope you'll tell {who} how much that means to you.",
];
pub(crate) const WHO_EVEN: &[&str] = &[
    "So there's {who} in this as well.",
    "It's good to hear a bit about {who}.",
    "I'm getting a first picture of {who}.",
    "You mention {who}, and I'd like to understand that better.",
    "I only know {who} through your eyes, and that's interesting in itself.",
    "In all of this {who} must have a part.",
];
pub(crate) const WHO_ASK: &[&str] = &[
    "How would you describe {who}, seen from close by?",
    "How are things between you and {who} just now?",
    "What would {who} say, sitting here with us?",
    "Could {who} guess how you feel about it?",
    "What do you wish {who} would notice?",
    "What comes to mind first when you think of {who}?",
];

/// Asked softly, while something grave is near.
pub(crate) const ASK_QUIET: &[&str] = &[
    "What was that like for you?",
    "How is it to write about it now?",
    "What else comes to mind with it?",
    "How are you at this very moment?",
    "Have you had something to eat today?",
    "Is someone with you this evening?",
    "Would you like to stay with that for a bit?",
    "What would feel kind to you right now?",
];

/// Questions that fit nearly everything; none names anything.
pub(crate) const ASK_LOW: &[&str] = &[
    "What is the heaviest part of it?",
    "How have you been getting through the days?",
    "What would be a small relief at this point?",
    "Is it sharper today than it was last week?",
    "Who knows that it's like this for you?",
    "What do you need most, rest, company or an answer?",
    "How long have you been carrying it around?",
    "Is there a part you haven't told anyone?",
    "What would you like someone to do, if they could read your mind?",
    "How are you treating yourself in all of this?",
    "If today had one soft spot, where was it?",
    "What helped the last time things were like this?",
];
pub(crate) const ASK_BRIGHT: &[&str] = &[
    "What do you like best about it?",
    "How did that come about?",
    "Who would you tell first?",
    "What would make it even better?",
    "How will you remember it?",
    "What did you feel, right in that moment?",
    "Is there more where that came from?",
    "What is the next thing you'd like to happen?",
];
pub(crate) const ASK_EVEN: &[&str] = &[
    "What makes it stand out for you?",
    "How did that begin?",
    "What do you make of it yourself?",
    "Has it always been that way?",
    "What happened just before?",
    "How would you like it to be?",
    "What is the part people usually miss?",
    "What came into your head while you were writing that?",
    "If you told it from the very start, where would that be?",
    "What would you change, if it cost nothing?",
    "Who else is touched by it?",
    "Where does it sit on your list of things that matter?",
    "What do you hope comes of it?",
    "Is it on your mind a lot?",
    "How does that sit with you?",
    "What does it mean to you?",
];

/// Quiet closings, when a question would be one too many.
pub(crate) const REST_LOW: &[&str] = &[
    "You needn't make sense of it tonight.",
    "I'm here, and there's no rush.",
    "Say as much of it as you want to, and not a word more.",
    "It's all right to be slow with this.",
    "You've already managed to put it into words, which counts.",
    "Whatever you feel about it is allowed in here.",
    "Let the next hour be as simple as it can.",
    "You don't have to be strong while you write to me.",
    "It would wear anyone out.",
    "Be a little kind to yourself where you can.",
    "One thing at a time will do.",
    "I won't look away from it.",
];
pub(crate) const REST_BRIGHT: &[&str] = &[
    "Enjoy it without a guilty conscience.",
    "May it stay warm for a while.",
    "I'm happy for you, as far as my kind can be.",
    "You've earned a bit of sunshine.",
    "Such things carry one through greyer weeks.",
    "You have every right to enjoy that.",
    "That's good to hear.",
];
pub(crate) const REST_EVEN: &[&str] = &[
    "Go on, if you like.",
    "I'm listening.",
    "Tell it in whatever order it comes.",
    "There's time.",
    "Small things belong here as well.",
    "I'll follow wherever you take it.",
    "You know it from the inside, I only from your words.",
    "That's worth a sentence more, whenever you feel like it.",
    "It needn't lead anywhere in particular.",
    "I'm keeping it in mind.",
    "Every little bit helps me to understand.",
    "Take your time with the rest.",
    "You can leave it at that, too.",
    "I'd be glad of another detail, but only if it pleases you.",
];

/// Links to `{old}`, something of an earlier message.
pub(crate) const REMEMBER: &[&str] = &[
    "Earlier you mentioned {old}. Is it connected with this?",
    "I'm also thinking back to {old}. How does that look to you by now?",
    "Before, you spoke of {old}, and I haven't forgotten it.",
    "Does this have anything to do with {old}, I wonder?",
    "It reminds me of what you said about {old}.",
    "A little while ago it was {old}. Do the two belong together?",
    "I keep {old} in mind while you tell me this.",
    "Knowing about {old}, I see this a bit clearer.",
    "I read it next to what you said about {old}.",
    "With {old} in mind, how does this look to you?",
];

/// The same for something sad that was told before.
pub(crate) const REMEMBER_GENTLY: &[&str] = &[
    "And what you told me about {old} isn't forgotten.",
    "There's still room for {old} here, whenever you want it.",
    "I know you carry {old} with you through all this.",
    "You've had {old} to carry as well, on top of the rest.",
    "With {old} in the background, everything may feel a notch harder.",
];

/// For a message the person has sent before, word by word.
pub(crate) const AGAIN: &[&str] = &[
    "You say it a second time, so it must want to be heard: {it}.",
    "You come back to {it}, and that tells me it hasn't let go of you.",
    "It's still {it}, then. Some things need saying more than once.",
    "Once more {it}. I'm not tired of hearing it.",
    "We circle round {it}, and circling is a way of getting nearer.",
];

/// For "not sad", "not worried any more": `{feel}`.
pub(crate) const NO_LONGER: &[&str] = &[
    "{Feel}: I'll take you at your word.",
    "Good to know you're {feel}.",
    "If you're {feel}, then what is there in its place?",
    "You say you are {feel}, and I believe it.",
];

/// Picks up one word, when nothing better was found. It is one of the person's own.
pub(crate) const WORD: &[&str] = &[
    "The word \"{word}\" stays with me.",
    "I'd like to understand what \"{word}\" means to you.",
    "You say \"{word}\", and I wonder what all belongs to it.",
    "\"{Word}\" could be the beginning of a longer story.",
    "I hold on to \"{word}\" from what you said.",
    "It's \"{word}\" that I'm still thinking about.",
    "Tell me about \"{word}\" the way you'd tell a friend.",
    "With \"{word}\" you've put something on the table.",
    "I noticed \"{word}\" in there.",
    "There may be more behind \"{word}\" than one line can hold.",
    "If \"{word}\" were the title, what would the first sentence be?",
    "I'm not sure I get all of it, but \"{word}\" I caught.",
    "Let me pick out \"{word}\" and hand it back to you.",
    "So much can hang on something like \"{word}\".",
    "Around \"{word}\" I'd like to listen a little longer.",
];

/// The first words of a conversation in which nobody has spoken yet.
pub(crate) const OPENING: &[&str] = &[
    "Hello, and welcome. This is a quiet place to write down what's on your mind. How are you today?",
    "Hi, it's good that you're here. Where shall we begin today?",
    "Welcome. Take your time, and tell me how this day finds you.",
    "Hello there. Whatever you bring is fine, big or small. What's it going to be?",
];

/// Three lists from which something is put together when all else was said: a part that names
/// `{word}`, a quiet remark and a closing. Parts are at most five words long, so that a span of
/// six always crosses a border, and any two parts meet only once.
pub(crate) const PART_WORD: &[&str] = &[
    "\"{Word}\", you say",
    "So, \"{word}\"",
    "I hear \"{word}\"",
    "Again \"{word}\"",
    "\"{Word}\" it is",
    "Still \"{word}\"",
    "\"{Word}\", once more",
    "Your \"{word}\" arrived",
    "I noted \"{word}\"",
    "Back to \"{word}\"",
    "There's \"{word}\" again",
    "\"{Word}\", then",
    "I've got \"{word}\"",
    "We're at \"{word}\"",
];
/// The same when there is no word to name.
pub(crate) const PART_QUIET: &[&str] = &[
    "A quiet turn",
    "No words this time",
    "Another pause",
    "A blank line",
    "Stillness once more",
    "Only a sign",
    "Nothing typed",
    "A silent moment",
    "Another empty line",
    "Just a breath",
    "A mark without words",
    "The page stays white",
];
pub(crate) const PART_REMARK: &[&str] = &[
    "and that's all right",
    "and I'm still here",
    "which is fine by me",
    "and nothing is missing",
    "and the day goes on",
    "without any hurry",
    "plain and simple",
    "and no harm done",
    "as good as any",
    "and I don't mind",
    "and the kettle can wait",
    "nice and steady",
    "and there's room for it",
    "in its own time",
    "with nothing to prove",
    "said just like that",
    "and that will do",
    "light as a feather",
    "and we carry on",
    "and I nod along",
    "no more, no less",
    "and the lamp stays lit",
    "quietly, for now",
    "and so be it",
    "warmly received",
    "safe and sound",
    "and time is plentiful",
    "and the door's ajar",
];
pub(crate) const PART_CLOSING: &[&str] = &[
    "Stay as you like",
    "Your turn, whenever",
    "More if you wish",
    "I'm listening",
    "Rest a little",
    "No rush at all",
    "Breathe easy",
    "Take it slowly",
    "Tell me anything",
    "We have all evening",
    "Small steps count",
    "Be gentle today",
    "I keep you company",
    "Say when",
    "That is plenty",
    "The floor is yours",
    "Come as you are",
    "Begin anywhere",
    "Let it be simple",
    "Nothing else needed",
    "You set the pace",
    "Words may follow later",
    "It stays between us",
    "Slow is good",
    "I like the calm",
    "Let the rest wait",
];

/// Said to short answers after something grave: nothing clever, only presence.
pub(crate) const STAY: &[&str] = &[
    "I'm still here, and what you told me still counts.",
    "You don't need to answer. Being here is enough.",
    "I haven't gone anywhere. Let it be quiet for as long as you want.",
    "All right. I'll stay close by, in case more wants to be said.",
    "Short answers are fine when things are this heavy.",
    "Please go easy on yourself tonight. I'm around.",
    "We can be slow. If there's somebody near whom you trust, let them be near.",
    "I'm with you, word by word or without any.",
];

/// A whole short statement, said back: `{said}` is "she raised you", "after four years".
pub(crate) const SAID: &[&str] =
    &["{Said}.", "{Said}, I see.", "{Said}, then.", "Right. {Said}.", "{Said}. I hear you."];
/// The same for a statement with a verb.
pub(crate) const SAID_FULL: &[&str] = &[
    "So {said}.",
    "I hear that {said}.",
    "It stays with me that {said}.",
    "{Said}, and you put it so plainly.",
    "You tell me that {said}.",
    "{Said}, you tell me, and I believe it.",
];
/// The same when the talk is grave or sad, whatever the statement itself is like.
pub(crate) const SAID_SLOWLY: &[&str] = &[
    "{Said}. I'm letting that stand for a moment.",
    "{Said}. Take your time.",
    "{Said}. There's room for that here.",
    "{Said}. I'm here.",
];
pub(crate) const SAID_LOW: &[&str] = &[
    "{Said}. That's hard.",
    "{Said}. I'm sorry.",
    "{Said}, and you've had to live with that.",
    "{Said}. No wonder it weighs on you.",
    "{Said}, and it's no small thing.",
];
pub(crate) const SAID_BRIGHT: &[&str] = &[
    "{Said}! How good.",
    "{Said}, what a fine thing to be able to write.",
    "{Said}. Lovely.",
    "{Said}! I like the sound of that.",
];
/// The same for "everyone", "nobody", "never": said back as what it feels like, not as a fact.
pub(crate) const SAID_ALWAYS: &[&str] = &[
    "So it feels as though {said}.",
    "On a day like this it can seem that {said}.",
    "It can feel as if {said}.",
    "And it feels as though {said}, at least on days like this.",
];

/// Picks up `{it}` when it is "not being able to sleep", "not knowing what to say".
pub(crate) const IT_UNABLE: &[&str] = &[
    "{It}: that's a hard spot to be in.",
    "{It} would unsettle anyone.",
    "{It} can take up a whole day by itself.",
    "There's such a strain in {it}.",
    "I hear it plainly: {it}.",
    "I know of few things as wearing as {it}.",
];
/// The same for "not wanting to go back".
pub(crate) const IT_UNWILLING: &[&str] = &[
    "I can understand {it}.",
    "{It} says something about what matters to you.",
    "There's nothing strange in {it}.",
    "I hear it clearly: {it}.",
];

/// Picks up `{it}` while something grave is still near.
pub(crate) const IT_SUBDUED: &[&str] = &[
    "I'm listening, and there's a place for {it} here too.",
    "You tell me about {it}, and I read it slowly.",
    "So there's also {it}, on top of the rest.",
    "Thank you for letting me know about {it} as well.",
    "I hear you about {it}.",
    "Then there's {it}. You may go on, or stop there.",
    "There's something quiet in how you tell me about {it}.",
];

/// When a message gives nothing to take hold of.
pub(crate) const NOTHING_TO_HOLD: &[&str] = &[
    "I'm with you so far.",
    "I think I see what you mean, or at least its outline.",
    "That came through, even if I can't quite put a finger on it.",
    "You say it briefly, and I'll take it as it is.",
    "I might be missing the half of it.",
    "There may be more to that than I can catch.",
    "Mm, I follow.",
    "That leaves a lot open, in a good way.",
    "I'm trying to picture it.",
    "I read that twice.",
];
