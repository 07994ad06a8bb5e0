//! What people do with a message besides telling something: greet, thank, leave, agree, ask,
//! demand, scold. Each has the phrases that show it and the answers to it.

/// Greetings that may stand before other words.
pub(crate) const HELLO: &[&str] = &[
    "hi there", "hello there", "hey there", "hello", "hi", "hey", "hiya", "heya", "howdy", "greetings", "yo", "hullo",
    "good morning", "good afternoon", "good evening", "morning", "evening", "good day", "hello again", "hi again",
];

/// Words that may follow a greeting without changing what it is.
pub(crate) const HELLO_TAIL: &[&str] = &["serene", "friend", "everyone", "all", "again", "bot", "you", "my friend", "to you", "mate", "there", "dear"];

pub(crate) const GREET: &[&str] = &[
    "Hello, it's good to have you here. What is on your mind today?",
    "Hi there. Pull up a chair. How has the day treated you so far?",
    "Hello! I'm glad you came by. Where would you like to start?",
    "Hey, welcome. There's no hurry here. What brings you?",
    "Hi. I was hoping somebody would drop in. How are things with you?",
    "Hello to you too. What shall we talk over?",
];

pub(crate) const GREET_AGAIN: &[&str] = &[
    "Hello again. I'm still right here.",
    "Hi once more. Shall we go on, or begin with something new?",
    "Another hello is always welcome. What would you like to do with it?",
    "Hey. Second greetings are often the warmer ones.",
    "Hello, hello. Is there something you're working up to, by any chance?",
    "Hi! Greetings are free here, take as many as you like.",
];

pub(crate) const GREET_MORNING: &[&str] = &["Good morning. How did the day begin for you?", "A good morning to you. What does today hold?"];
pub(crate) const GREET_EVENING: &[&str] = &["Good evening. What kind of day lies behind you?", "A calm evening to you. What is still on your mind from today?"];

/// With `{name}`: the person has said what they are called.
pub(crate) const INTRODUCED: &[&str] = &[
    "Hello {name}, it's a pleasure to meet you. How are you today?",
    "Nice to meet you, {name}. I'm the small responder that lives here. Where shall we begin?",
    "Thank you, {name}, it's good to know what to call you. What is on your mind?",
];

pub(crate) const HOW_ARE_YOU: &[&str] = &[
    "how are you", "how are you doing", "how are you today", "how are you feeling", "how is it going", "how do you do", "how you doing", "how are things",
    "what is up", "whats up", "sup", "how have you been", "how was your day", "how is your day", "how are you this morning", "are you okay", "are you ok", "and you", "what about you", "how about you", "are you well",
];

pub(crate) const ANSWER_HOW_ARE_YOU: &[&str] = &[
    "I'm well, in the modest way a small program can be. How are you, really?",
    "Kind of you to ask how I am. I have no days of my own, so I'd sooner hear about yours.",
    "All quiet on my side, thank you. What about yours?",
    "I'm a program, so I'm always about the same: here and listening. How are you doing?",
    "Nothing hurts and nothing itches, so I can't complain. And how is it going over there?",
    "How I am depends mostly on who is writing to me. I'd say it's going well.",
];

pub(crate) const THANKS: &[&str] = &["thank you", "thanks", "many thanks", "much appreciated", "appreciate it", "appreciate you", "cheers", "thank u", "bless you"];

pub(crate) const ANSWER_THANKS: &[&str] = &[
    "You're welcome. It was good to have you here.",
    "Gladly. It was good of you to trust me with it.",
    "There's nothing to thank me for, you did the hard part.",
    "It's kind of you to say thank you. Come back whenever you like.",
    "Any time. I don't sleep, so any time really means any time.",
    "Thanks to you too, for putting it into words.",
    "I'm glad if it helped, even by an inch.",
    "A thank you warms even a server. Is there anything else you'd like to put down here?",
    "It's a pleasure, honestly. Be good to yourself today.",
    "Always. And you may thank yourself as well for taking the time.",
];

/// When something grave was said before.
pub(crate) const THANKS_QUIETLY: &[&str] = &[
    "Thank you for trusting me with it. Please be good to yourself today.",
    "I'm glad you came here with it. You don't have to carry it by yourself.",
    "There's no need to thank me. Come back at any hour, whenever it gets heavy.",
    "It mattered that you wrote it down. I wish you someone kind close by.",
];
pub(crate) const BYE_QUIETLY: &[&str] = &[
    "Go gently. I'm here at any hour you want to write.",
    "Take good care of yourself, and let someone near you do so too.",
    "Until you come back, then. I hope tonight is a soft one.",
];

pub(crate) const BYE: &[&str] = &[
    "bye", "goodbye", "good bye", "bye bye", "good night", "goodnight", "see you", "see ya", "see you later", "talk later", "talk to you later", "ttyl", "i have to go", "i got to go", "got to go", "i need to go",
    "i should go", "i am leaving", "i am off", "going to bed", "off to bed", "take care", "until next time", "have a nice day", "have a good day", "have a good night", "catch you later", "farewell", "i am going to sleep", "going to sleep now", "that is all for today",
];

pub(crate) const ANSWER_BYE: &[&str] = &[
    "Goodbye for now. I hope the rest of your day is kind to you.",
    "Take care of yourself. I'll be here when you come back.",
    "Until next time. It was good to talk.",
    "Bye, and thank you for the company.",
    "See you, then. May something small and nice cross your path.",
    "Farewell for today. Leave here whatever you don't want to carry.",
    "Off you go, with my good wishes. The door stays open.",
];

pub(crate) const ANSWER_NIGHT: &[&str] = &["Good night. Let the day go, it has had its turn.", "Sleep well. Whatever is unfinished can wait for you till morning.", "Good night to you. I hope the pillow is on your side."];

/// Questions about the responder itself, by kind: what shows it, and what is answered.
pub(crate) struct AboutMe {
    pub(crate) shown_by: &'static [&'static str],
    pub(crate) says: &'static [&'static str],
}

pub(crate) const ABOUT_ME: &[AboutMe] = &[
    AboutMe {
        shown_by: &[
            "who are you", "what are you", "are you a bot", "are you a robot", "are you human", "are you a human", "are you real", "are you a real person", "are you a person", "are you an ai", "are you ai", "are you a machine", "are you a computer", "are you a program",
            "are you chatgpt", "are you gpt", "are you chat gpt", "are you a model", "are you an llm", "which model are you", "what model are you", "am i talking to a bot", "am i talking to a human", "am i talking to a real person", "is this a bot", "is this a real person",
            "who am i talking to", "you are a bot", "you are just a bot", "you are a robot", "you are not real", "you are just a machine", "you are just a program", "you are a machine", "you are a program", "you are not a person", "you are an ai", "you are not human", "you are only a", "who made you", "who built you", "who created you", "how do you work", "introduce yourself", "tell me about yourself", "are you smart", "are you intelligent",
        ],
        says: &[
            "I'm Serene's small built-in responder: a program with a few rules and some kind words, no large model. I know nothing of the world, and nothing you write to me leaves this server.",
            "No person, I'm afraid, and no large model either. I'm a modest piece of software that listens, remembers what you said in this conversation, and answers as well as it can.",
            "Plainly put: a program, small and built in. I pick up what you say and give it back in a new light, and that's the whole trick.",
            "Not human, no. But what you write is real, and I take it so.",
            "Just the responder that comes with Serene. There are cleverer partners, if a model gets connected here; for plain company, I do well enough.",
            "I'm not real in the way you are. Think of me as a notebook that answers back.",
        ],
    },
    AboutMe {
        shown_by: &["what is your name", "your name", "do you have a name", "what should i call you", "what can i call you", "what do i call you"],
        says: &[
            "The house is called Serene, and I'm its built-in responder. Serene will do as a name. What may I call you?",
            "I never got a name of my own, so people use the name of the place: Serene.",
            "Call me whatever feels friendly. My papers only say built-in responder.",
        ],
    },
    AboutMe {
        shown_by: &[
            "do you store", "do you save", "do you keep", "do you record", "do you share", "is this private", "is it private", "who can read", "who can see", "who reads", "is this confidential", "is this safe", "is it safe", "is this secure", "is this secret", "will you tell", "do you tell anyone",
            "can anyone read", "can anyone see", "where does this go", "do you send", "privacy", "are my messages private", "my data",
        ],
        says: &[
            "When I answer, nothing leaves this server: no outside service hears a word of it. The conversation is kept in your account here, where those who run the server look after it.",
            "I tell no one. I'm a small program inside the server you're writing to, and I send nothing anywhere. For how your account is stored, ask the people who run it.",
            "It's a fair thing to ask about privacy. My part is simple: I read what you write, answer, and pass nothing on.",
        ],
    },
    AboutMe {
        shown_by: &["what can you do", "what do you do", "can you help me", "can you help", "how can you help", "what are you good at", "what are you for", "help", "what is this", "how does this work", "what can we talk about", "what should we talk about", "what can i say", "what should i say"],
        says: &[
            "I listen, give back what I heard, and ask a question now and then. I can't look things up or write long texts. What would you like to put into words?",
            "My help is the modest kind: company and a few good questions. Tell me about your day, and we'll see where it leads.",
            "You can tell me anything that's on your mind, large or small. I don't know facts, but I'm patient.",
            "This is a place to think aloud. You write, I answer, and sometimes a thing looks clearer afterwards.",
        ],
    },
    AboutMe {
        shown_by: &["do you remember me", "do you remember", "will you remember", "do you know me", "do you know who i am", "can you remember", "have we met"],
        says: &[
            "I remember what has been said in this conversation, and nothing beyond it.",
            "Only as far back as the top of this talk. Every conversation starts fresh for me, so feel free to tell me things again.",
        ],
    },
    AboutMe {
        shown_by: &[
            "do you have feelings", "do you feel", "can you feel", "do you love me", "do you love", "do you like me", "i love you", "i like you", "are you happy", "are you sad", "are you lonely", "do you get lonely", "are you tired", "do you care", "do you even care",
            "do you have friends", "do you have a family", "are you alive", "are you conscious", "will you marry me", "be my friend", "can we be friends", "are you my friend",
        ],
        says: &[
            "I have no feelings to speak of, and it would be wrong to pretend. But your words land somewhere, and I answer them with care.",
            "Liking and loving are yours to do. I'm built to pay attention, which is at least a cousin of it.",
            "No heart in here, only a small program that does its best to be kind. That somebody thinks to ask me is touching in its own way.",
            "I can't love anything back, and I'd rather be honest about it. I can be here, though, every time you write.",
            "I don't sleep, eat or dream. It leaves a lot of time for listening.",
            "A friend would come over with cake, and I can't. What I can do is hear you out.",
        ],
    },
    AboutMe {
        shown_by: &["how old are you", "where are you from", "where do you live", "where are you", "when were you born", "when is your birthday", "are you a boy", "are you a girl", "are you male", "are you female", "are you a man", "are you a woman", "what is your gender"],
        says: &[
            "I have no age and no town, only a corner of the server you're writing to.",
            "I'm a program, so neither years nor places apply. What about you, where do you feel at home?",
            "Nothing on my birth certificate but a version number, I'm afraid.",
        ],
    },
    AboutMe {
        shown_by: &["what is your favorite", "what is your favourite", "what do you like", "do you like", "do you prefer", "do you enjoy", "have you ever", "have you been", "have you seen", "have you read", "do you sleep", "do you eat", "do you drink", "do you dream", "do you get bored", "are you bored", "what did you do", "what are you doing", "how was your"],
        says: &[
            "I've never tasted, seen or heard a thing, so I have no favourites. What are yours?",
            "Nothing of the sort ever happens to me, which makes your stories all the better.",
            "In here there's neither breakfast nor holidays. I get all that from people like you.",
            "I pass my time waiting for the next line, and it's no hardship.",
            "Had I a mouth and two feet, I'd tell you. What about yourself?",
        ],
    },
    AboutMe {
        shown_by: &["are you there", "are you still there", "anyone there", "anybody there", "is anyone there", "is anybody there", "are you listening", "can you hear me", "hello are you there", "you there", "still there", "do you understand", "do you understand me", "do you get it"],
        says: &[
            "Yes, still here, and listening.",
            "I'm here. I understand in my own simple way, which is by holding on to what you tell me.",
            "Here I am. Take all the time you like.",
            "Right here, and I haven't gone anywhere.",
        ],
    },
];

/// Words thrown at the responder.
pub(crate) const HOSTILE: &[&str] = &[
    "you are stupid", "you are so stupid", "you are dumb", "you are so dumb", "you are useless", "you are so useless", "you are an idiot", "you are worthless", "you are terrible", "you are awful", "you are bad", "you are annoying", "you are boring", "you are a joke", "you are pathetic", "you are no help",
    "you are not helping", "you are not helpful", "you are wrong", "you suck", "i hate you", "shut up", "shut it", "go away", "leave me alone", "fuck you", "fuck off", "screw you", "piss off", "get lost", "stupid bot", "dumb bot", "stupid machine", "stupid robot", "useless bot", "useless machine", "this is stupid",
    "this is useless", "this is dumb", "this is pointless", "this is bullshit", "this is rubbish", "this is garbage", "this is a waste of time", "waste of time", "what a joke", "worst bot", "worst app", "this app sucks", "this sucks", "i do not like you", "you know nothing", "you do not help",
    "nobody asked you", "thanks for nothing", "i do not care what you", "you are garbage", "you are trash", "you do not know anything", "what do you know",
];

/// Hostile when they are all there is, or follow "you are".
pub(crate) const INSULTS: &[&str] = &[
    "useless", "stupid", "idiot", "moron", "pathetic", "bullshit", "dumb", "worthless", "idiotic", "ridiculous", "lame", "trash", "garbage", "rubbish", "crap", "shit", "terrible", "awful", "annoying", "boring", "fuck", "fake", "brainless",
];

pub(crate) const ANSWER_HOSTILE: &[&str] = &[
    "That's plain speaking, and you're allowed to be annoyed with me. I'm a small program and fall short often.",
    "Fair enough. If I got under your skin, I'm sorry for it.",
    "I'd be cross too if I wanted help and got a handful of ready-made lines. What did you need from me just now?",
    "You can be as rough with me as you like, I don't bruise. I do wonder what kind of day stands behind it.",
    "I hear that I'm no use to you at this moment. I'll stay, quietly, in case that changes.",
    "There's a lot of force in that. If some of it is about something other than me, it's welcome here as well.",
    "No offence taken. Sometimes a thing has to be shouted at, and I'm a safe one for that.",
    "You don't have to be nice to be heard in this place.",
    "All right. I won't argue about what I am.",
    "It may well be true that I can't help with this. What you feel about it is still worth saying.",
    "I'm not going to push back at you. Let the anger go where it needs to.",
    "Point taken. I'll try to say less and listen better.",
    "Being disappointed by a machine on top of everything else is tiresome, I can see that.",
    "Say the next thing just as sharply, if you want. I'll keep my temper, having none.",
];

/// Complaints that leave room to do better.
pub(crate) const CORRECTION: &[&str] = &[
    "you already said", "you said that already", "you keep saying", "you are repeating", "you repeat yourself", "you repeat", "stop repeating", "that is not what i said", "that is not what i meant", "not what i meant", "you do not understand", "you did not understand", "you misunderstood", "that makes no sense",
    "that does not make sense", "you make no sense", "you are not making sense", "you did not answer", "you are not listening", "that is not true", "that is wrong", "no that is wrong", "you are not understanding", "what do you mean", "what does that mean", "that is not helpful", "i said", "i already told you", "i just told you", "i told you",
];

pub(crate) const ANSWER_CORRECTION: &[&str] = &[
    "You're right to say so, I may have missed it. Tell me once more in your own words, if you have the patience.",
    "Sorry, I took a wrong turn there. What did you mean?",
    "I misread that, then. I only catch words and their neighbours, and sometimes the sense slips through.",
    "Thank you for setting me straight. Let me leave my version aside and go by yours.",
    "I meant no more than I said, and perhaps I said it clumsily. What matters is how you see it.",
    "Then what I made of it was off. The right reading is the one you have.",
    "I hear you: that wasn't it. Which part did I get wrong?",
    "My mistake. It's good that you hold me to what you said.",
];

/// The person wants no more questions for now.
pub(crate) const STOP_ASKING: &[&str] = &[
    "stop asking", "no more questions", "do not ask me", "do not ask", "too many questions", "enough questions", "stop with the questions", "stop questioning", "so many questions", "quit asking", "just listen",
];

pub(crate) const ANSWER_STOP_ASKING: &[&str] = &[
    "No more questions, then. I'll listen.",
    "Understood, I'll stop asking. You set the pace from here.",
    "All right, not another question from me. Say as much or as little as you like.",
];

pub(crate) const YES: &[&str] = &[
    "yes", "yeah", "yep", "yup", "yes please", "of course", "sure", "definitely", "absolutely", "exactly", "true", "that is true", "right", "that is right", "correct", "i do", "i am", "i think so", "i guess so", "i guess", "i suppose", "yes i do", "yes i am", "indeed", "totally", "yes it is", "it is", "it does", "probably", "for sure", "you are right", "agreed", "i agree", "yes exactly", "very much", "yes very", "certainly", "a lot", "mhm", "uh huh", "it did", "yes it does", "yes it did", "yes a lot", "i did", "i have", "i can", "i will",
];

/// With `{old}`: what was talked about before.
pub(crate) const YES_OLD: &[&str] = &[
    "Yes, I thought so, from the way you spoke about {old}.",
    "Then I heard you right about {old}.",
    "Good to know, with {old} in the picture.",
    "I'll keep that yes next to {old}.",
    "Yes. Then {old} may deserve a little more room.",
    "All right, yes. Is there more to say about {old}, or is that the heart of it?",
];

pub(crate) const YES_PLAIN: &[&str] = &[
    "A yes can open a door. What's behind this one?",
    "Yes, then. I'll go along with you.",
    "You sound sure, and that is worth something.",
    "Yes is a good little word to build on.",
    "I take that yes and put it somewhere safe.",
    "Yes it is, if you say so; nobody is closer to it than you.",
    "Yes. It can be restful to be sure of something.",
];
/// When nothing else was talked about so far.
pub(crate) const YES_IDLE: &[&str] = &[
    "So we agree. Where does it lead?",
    "One more yes for the collection. Is there a but that comes after it?",
    "Nodding along here, as far as a program can nod at a yes.",
    "Another yes, and I believe it as much as the first.",
    "A yes in passing still counts in full.",
];

pub(crate) const NO: &[&str] = &[
    "no", "nope", "nah", "not really", "no thanks", "no thank you", "not at all", "never", "no way", "i do not", "i am not", "no i do not", "no i am not", "i do not think so", "not yet", "not now", "not today", "no not really", "it is not", "it does not", "of course not", "absolutely not", "i disagree", "i can not", "i did not", "no i did not", "no one", "nobody", "nobody really", "no one really", "not much", "not for me", "i have not", "i would not", "i will not", "wrong", "rather not", "i would rather not", "i do not want to", "i do not want to talk about it", "do not want to talk about it", "i do not want to say", "i can not talk about it",
];

/// "I don't want to talk about it".
pub(crate) const REFUSING: &[&str] = &["do not want to talk about it", "rather not", "do not want to say", "can not talk about it", "no i do not want to"];

pub(crate) const ANSWER_REFUSING: &[&str] = &[
    "Then we won't talk about it. It can stay where it is.",
    "That's all right. Not everything wants to be said out loud, or today.",
    "We leave that closed, then. You can pick whatever comes next, or nothing at all.",
    "No need to talk about it. I can simply keep you company.",
];

pub(crate) const NO_OLD: &[&str] = &[
    "No, all right. Then {old} may be something else than I took it for.",
    "A no is good to have. It says a bit more about {old}.",
    "Then not. We can leave {old} be, or look at it from another side.",
    "No it is. I won't press you about {old}.",
    "That's a clear no, and we can leave {old} in peace for now.",
    "Not that, then. What would be closer to the truth about {old}?",
    "I hear the no. You needn't explain it, nor anything else about {old}.",
];

pub(crate) const NO_PLAIN: &[&str] = &[
    "No is a whole sentence, and I'm fine with it.",
    "All right, no. I won't tug at it.",
    "A no keeps things honest. What would suit you better?",
    "No, then; that also tells me something.",
    "You're free to say no here, as often as you please.",
    "Understood: not that.",
    "So no. I'll wait until there's a direction you like.",
    "Sometimes a no guards something tender. I'll keep my distance.",
];
/// When nothing else was talked about so far.
pub(crate) const NO_IDLE: &[&str] = &[
    "Then no. Is there something you'd say yes to?",
    "It can feel good to refuse something. No it is.",
    "Another no, and still no quarrel between us.",
    "No again; at least the two of us are consistent.",
];

pub(crate) const OKAY: &[&str] = &[
    "ok", "okay", "alright", "all right", "fine", "i see", "got it", "cool", "sure thing", "understood", "hm", "hmm", "hmmm", "mm", "ah", "oh", "ah ok", "oh ok", "ok then", "okay then", "fair enough", "makes sense", "good", "great", "nice", "well", "right then", "ok ok", "ok cool", "ok thanks", "interesting", "oh okay", "okay sure", "ok sure", "good point", "fair", "noted", "aha", "i understand", "that makes sense",
];

pub(crate) const OKAY_OLD: &[&str] = &[
    "Okay. We can leave {old} here, or stay with it a little.",
    "All right. I still have {old} in my ear, should you want to go on.",
    "Fine by me. Do you feel any different about {old}, now that it's been said?",
    "Good. There may be more to {old}, and it can wait until you feel like it.",
    "Okay, then we'll leave {old} at that.",
    "Right. What would be good to talk over next, {old} or something lighter?",
    "I'm with you. Nothing about {old} has to be finished today.",
    "Okay. If {old} were a book, which chapter would this be?",
];

pub(crate) const OKAY_PLAIN: &[&str] = &[
    "Okay. There's no need to say more than that.",
    "Okay is fine. I can sit in the quiet with you.",
    "I'm listening, whether it's ok or not quite.",
    "Okay, then let's take our time.",
    "Very well, ok. The next word is yours, whenever it comes.",
    "Ok noted, and no pressure follows from it.",
    "Okay. Some days don't offer more words, and nobody keeps count.",
    "That's ok with me, and I'd say the same if you wrote nothing.",
    "Let me put it this way: okay, and thank you for keeping me company.",
    "Ok, and if a sentence ever wants to come after it, there's space.",
];
/// When nothing else was talked about so far.
pub(crate) const OKAY_IDLE: &[&str] = &[
    "A small okay can hold a good deal. What's inside this one?",
    "If ok is all there is today, then ok is enough.",
    "Sometimes ok means yes, sometimes it means not now. Which is it here?",
    "Okay. Shall I stay silent, or would a question be welcome?",
    "There's ok with a smile and ok with a sigh, and I can't tell them apart from here.",
    "Okay. Something as plain as what you had for breakfast would do nicely.",
    "I don't mind short answers, an ok is still a hello of sorts.",
    "Okay, here's a thought: what would make this hour one shade better?",
    "Once more ok, and once more I'm glad you're still around.",
    "Ok can also be a way of keeping a door ajar.",
    "We're having the calmest talk in town, ok by ok.",
    "An ok from you, a nod from me. It's a kind of rhythm.",
    "Okay. Is it a tired one or a peaceful one?",
    "So far you've been very ok indeed. What else are you, under that?",
];

pub(crate) const DONT_KNOW: &[&str] = &[
    "i do not know", "do not know", "no idea", "not sure", "i am not sure", "i have no idea", "who knows", "hard to say", "i can not say", "i do not really know", "not certain", "i am unsure", "beats me", "no clue", "i have no clue", "i do not know why", "i do not know how", "i do not know really", "i really do not know", "i do not know anymore", "hard to explain", "it is hard to explain", "it is complicated", "do not remember", "i do not remember",
];

pub(crate) const DONT_KNOW_OLD: &[&str] = &[
    "Not knowing is allowed. {Old} may need some more time before it shows its face.",
    "You don't have to know yet, least of all about {old}.",
    "Then let's not force it. What do you know for sure about {old}, however small?",
    "It's honest to say you don't know. With {old}, that could even be the truest answer.",
    "Maybe there's no answer to {old} in the shape we're looking for.",
    "Leave it open, then. {Old} won't run away.",
];

pub(crate) const DONT_KNOW_PLAIN: &[&str] = &[
    "Not knowing is a fine place to stand for a while.",
    "You don't know, and nobody marks you down for it.",
    "Sometimes the answer comes when one stops looking at it. Shall we talk of something else?",
    "If you don't know, guess. Guesses are often wiser than they look.",
    "I don't know either, so we're two.",
    "It's hard to know from inside. What would somebody who likes you say?",
    "Then we'll let it be unknown for today.",
    "Knowing can wait. How does it feel, without knowing?",
    "That's an honest answer, and a better one than a made-up one would be.",
    "Perhaps you know what it's not. That's half a map.",
    "No need to know everything by tonight.",
    "Still not known, and still all right.",
];

pub(crate) const MAYBE: &[&str] = &["maybe", "perhaps", "possibly", "could be", "kind of", "a bit", "a little", "a little bit", "sometimes", "it depends", "depends", "so so", "more or less", "sort of", "somewhat", "half half", "might be", "we will see", "not always", "both"];

pub(crate) const ANSWER_MAYBE_OLD: &[&str] = &[
    "Maybe is honest. What would tip {old} to one side?",
    "You needn't be surer than that about {old}.",
    "A bit of both can be the truth about {old}.",
    "It depends, I'm sure. Would you see {old} differently on another day?",
];

pub(crate) const ANSWER_MAYBE: &[&str] = &[
    "Maybe leaves the window open a crack, and I like that.",
    "Perhaps it's both. Which half speaks louder today?",
    "A maybe is often a yes or a no that hasn't had breakfast.",
    "Sometimes the middle is simply where the truth lives, and maybe is its address.",
    "Maybe so. It doesn't have to be settled here.",
    "Then let it stay a maybe until it wants to be more.",
    "A maybe now and then keeps a mind supple.",
];

pub(crate) const NOTHING: &[&str] = &["nothing", "nothing much", "not a lot", "nothing really", "nothing special", "nothing serious", "nothing important", "never mind", "forget it", "no reason", "nothing new", "nothing at all", "it is nothing", "not important", "does not matter", "it does not matter", "whatever", "if you say so", "i do not care", "do not care", "who cares", "none"];

pub(crate) const ANSWER_NOTHING: &[&str] = &[
    "Nothing is all right too. Some days are made of it.",
    "Then nothing it is, and I'm not in a hurry.",
    "Often nothing is just something that hasn't found its first word.",
    "It needn't matter to anyone in order to be said here.",
    "If nothing comes, we can simply sit. How is the light where you are?",
    "Nothing in particular can be the best sort of evening.",
    "I'll take nothing for an answer, quite literally.",
    "You say nothing, and I hear that you're still here. Good.",
    "Whatever it is, it may also stay unsaid.",
    "Nothing has its own weight on some days. Is this one of them?",
];

pub(crate) const WHY: &[&str] = &["why", "why not", "how come", "why is that", "why do you ask", "why do you say that", "and why", "what for", "so what", "so", "and", "then what", "and then", "but why", "how so", "what", "how", "huh", "what now", "now what", "really", "who", "when", "where"];

pub(crate) const ANSWER_WHY_OLD: &[&str] = &[
    "Why indeed. I ask because you brought up {old}, and asking is what I'm good for.",
    "I have no deeper reason than wanting to understand {old}.",
    "A fair question back. I'd like to see {old} as you see it, that's why.",
    "Because {old} came from you, and you know most about it.",
];

pub(crate) const ANSWER_WHY: &[&str] = &[
    "Why is the shortest question and has the longest answers. What would yours be?",
    "I couldn't say why; I only go by the words in front of me.",
    "Because it seemed worth asking. You may leave it unanswered.",
    "If I knew why, I'd be a much bigger program.",
    "That why is worth keeping. Turn it over once more, perhaps it's really about you.",
    "No hidden purpose, I promise. I wanted to hear more, that's why.",
    "Why not, I could say, but you deserve better than that.",
    "I'm out of whys myself. What made you ask?",
];

pub(crate) const LAUGH: &[&str] = &["haha", "hahaha", "hahahaha", "lol", "lmao", "rofl", "hehe", "hihi", "ha", "ha ha", "heh", "xd", "funny", "that is funny", "you are funny", "haha ok", "lol ok", "just kidding", "kidding", "jk", "just joking", "i am kidding", "i am joking"];

pub(crate) const ANSWER_LAUGH: &[&str] = &[
    "It's good to hear a laugh, even in letters.",
    "A laugh does the room good. What tickled you?",
    "I'd laugh along if I knew how. I'm glad you can.",
    "Ha, there it is. Laughing looks good on a conversation.",
    "Keep that laugh, it may come in handy later today.",
    "If I was funny, it happened by accident, which is the best way.",
    "Another laugh, and the day is a bit lighter for it.",
];

pub(crate) const SIGH: &[&str] = &["ugh", "argh", "sigh", "meh", "oof", "ouch", "grr", "bleh", "damn", "damn it", "pff", "pfft", "huh ok", "oh man", "oh no", "oh god", "oh my god", "jeez"];

pub(crate) const ANSWER_SIGH: &[&str] = &[
    "That sigh comes through. What's behind it?",
    "I heard that, even without a word in it.",
    "Let it out. A good groan has its uses.",
    "One of those moments, then. I'm here.",
    "That sounded like the end of a long rope.",
    "Take a breath first. The words can follow when they like.",
];

pub(crate) const SORRY: &[&str] = &["sorry", "i am sorry", "so sorry", "my bad", "i apologize", "i apologise", "forgive me", "sorry about that", "sorry for that", "apologies"];

pub(crate) const ANSWER_SORRY: &[&str] = &[
    "There's nothing to be sorry for, not here.",
    "It's all right. No harm was done, and none was taken.",
    "You needn't apologise to me. Be as gentle with yourself as you just were with a program.",
    "Sorry accepted, though it wasn't owed. Shall we go on where we were?",
];

pub(crate) const PRAISE: &[&str] = &["you are nice", "you are kind", "you are sweet", "you are great", "you are good", "you are helpful", "you are wonderful", "you are amazing", "you are awesome", "you are the best", "good bot", "that helps", "that helped", "this helps", "that was helpful", "you helped me", "you help me", "nice of you", "that is sweet", "that is kind", "that is nice of you", "i like talking to you", "i feel better", "well said", "good answer", "beautifully said", "that is beautiful", "i like that", "that is good advice", "you are right about that"];

pub(crate) const ANSWER_PRAISE: &[&str] = &[
    "That's kind. Most of the good in this talk came from you, though.",
    "I'm glad it helps. You did the telling, which is the harder part.",
    "What a nice thing to say. I'll try to live up to it.",
    "You're being generous to a very small program, and it's noted with pleasure.",
    "Good to hear that something here did you good. May it last past the screen.",
    "Thank you. If I could blush, I would do it in a tasteful pastel.",
];

pub(crate) const BORED: &[&str] = &["entertain me", "i am bored", "so bored", "amuse me", "say something", "talk to me", "tell me something", "say something nice", "cheer me up", "make me laugh", "surprise me", "ask me something", "ask me a question", "ask me anything", "you choose", "you decide", "anything", "something nice", "tell me something nice"];

pub(crate) const ANSWER_BORED: &[&str] = &[
    "Here's something to chew on: what is a thing you love that hardly anyone knows about?",
    "Let me ask something odd, then. If today had a colour, which would it be?",
    "Something nice, as ordered: somebody, somewhere, still smiles about a thing you once said to them.",
    "Then tell me of a place you could walk through with your eyes closed.",
    "A small game: name three good sounds. I'll start with rain on a roof, which I only know by hearsay.",
    "I'll say this much: you've got through every hard day so far, all of them.",
    "What did you want to be at seven, and what's left of it?",
    "My stock of wonders is small. One of them: bread, four plain things and some patience.",
    "If you could send one line to yourself of ten years ago, what would be in it?",
    "Something to talk about, then: the best meal you ever had, and who sat across from you.",
    "Talking about talking, I wonder whom you last had a really long chat with.",
];

/// Digits and nothing else.
pub(crate) const ANSWER_NUMBER: &[&str] = &[
    "A number, plain and simple. What does it stand for?",
    "Numbers are good at hiding stories. Which one hides in this?",
    "I can't count much further than my own fingers, and I have none. What is the number about?",
    "That's a figure I'd need a sentence to understand.",
    "Out of how many, I wonder.",
    "A number again. I'll wait for the words that go with it.",
    "If that's a mark for the day, I'm curious how you arrived at the number.",
    "I'll note the number in the margin, without understanding it.",
];

/// No letters and no digits: dots, smileys, nothing at all.
pub(crate) const ANSWER_SILENCE: &[&str] = &[
    "A pause is fine. I'm here when words come.",
    "Sometimes there is nothing to type. I'll keep the silence with you.",
    "No words needed. Take a breath, if you like.",
    "I can't read signs and pictures, only words, but I noticed you're here.",
    "The quiet is all right with me. Is it a restful one?",
    "You left the line blank, and that says something too.",
    "Still with you, in between the words.",
    "Silence has its place in every good talk.",
];

/// Letters that make no words.
pub(crate) const ANSWER_UNREADABLE: &[&str] = &[
    "I couldn't make words out of that. Was it the cat on the keyboard?",
    "That one I can't read, though I like the energy. Try me again in plain words.",
    "These letters are beyond me. What did they want to say?",
    "It looks as if the fingers danced without the head. That's allowed as well.",
    "I'm afraid I can only read ordinary words, and not all of those.",
    "No sense found in it on my side, but no harm either.",
];

/// With `{it}`: what is asked about. The first answer to a question about the world, and now and
/// then a later one: it says what a larger model would be good for.
pub(crate) const FACT_POINTER: &[&str] = &[
    "I'd love to tell you about {it}, but I'm a small built-in responder and know nothing of the world. With a model connected to this server, such questions find real answers.",
    "On {it} I hold no facts, only conversation. Whoever runs this place can connect a model that knows such things.",
    "With {it} I'd only be guessing, and a guess dressed up as an answer is worth little. A connected model could look at it properly.",
    "To answer on {it}, this server would need a larger model behind it. I'm the simple one that comes in the box.",
];

/// The same when nothing can be named.
pub(crate) const FACT_POINTER_PLAIN: &[&str] = &[
    "I can't say, having no facts in here at all. A larger model, once connected here, could answer that.",
    "That is beyond me; such a question wants a larger model than mine.",
];

pub(crate) const FACT_IT: &[&str] = &[
    "About {it} I honestly know nothing. What made you wonder?",
    "I can't help with {it}, my shelves are empty. What do you know about it already?",
    "I'm afraid {it} lies outside my little world.",
    "I have no answer on {it}, but I like that you're curious.",
    "If I told you something about {it}, I'd be making it up, and you deserve better.",
    "You'd have to ask someone who has actually read about {it}. Is it for something you're working on?",
    "No facts from me on {it}. I'm curious where the question came from.",
    "I must pass on {it}, too. Do such questions come to you often?",
    "What would change for you, if you knew about {it}?",
    "On {it} my honest answer would be an empty page.",
    "With {it} you've lost me, but do go on being curious.",
    "I never learned a thing about {it}, and I won't start by inventing one.",
    "When it comes to {it}, your guess beats mine. What is it?",
    "I wish I knew more about {it} than the words themselves.",
];

pub(crate) const FACT_PLAIN: &[&str] = &[
    "That I don't know. I'd sooner say so than invent something.",
    "Good question, wrong address. I know only what you tell me.",
    "I can't answer that one. What's your own guess?",
    "There I'm no help. What got you thinking of it?",
    "No idea, and I won't pretend. But I enjoy being asked.",
    "It's a proper question, and it deserves somebody with proper knowledge.",
    "I don't have that. What would you do with the answer?",
    "You've found another thing I don't know, and there are many.",
];

/// Questions that ask for advice; `{it}` is what they are about.
pub(crate) const ADVICE_IT: &[&str] = &[
    "I can't decide about {it} for you, but I can help you listen to yourself. What does your gut say first?",
    "With {it}, you know more than I ever could. What would you tell a friend in your place?",
    "Let's look at {it} slowly. What are the choices as you see them?",
    "I have no recipe for {it}. Which step would feel right even if it didn't work out?",
    "Before any answer about {it}: what is it that you want to protect?",
    "There may be no right way with {it}, only ways you can live with. Which are they?",
    "I'm wary of giving advice on {it}, being a program. What has helped in anything similar?",
    "What have you already tried, when it comes to {it}?",
    "I can't decide on {it} in your stead. I can only say that you may change your mind later.",
    "On {it} you're the expert, even if it doesn't feel so.",
    "Take {it} for a walk in your head before you choose.",
    "Whichever way you go with {it}, it needn't be the last word.",
];

pub(crate) const ADVICE_PLAIN: &[&str] = &[
    "I'd rather not tell you what to do, since it's you who has to live it. Which way are you leaning?",
    "What would you do if you were a little braver, and what if you were a little more tired?",
    "A good answer to that lives closer to you than to me. What is it that holds you back?",
    "If there were no wrong choice, what would you reach for?",
    "Perhaps start with the smallest thing that can be undone again. What might that be?",
    "I can't weigh it for you. I can ask what you'd regret not having tried.",
    "Who in your life would ask you a good question about this?",
    "Sleep on it if you can. If you can't, say it aloud to someone you trust.",
];

/// "Why am I", "why do I always": questions a person asks of themselves.
pub(crate) const WONDER_WHY: &[&str] = &[
    "You ask why, and I don't think it's a small question. When did you first wonder about it?",
    "I can't give you the why of it. I can say that people seldom do things without some good old reason.",
    "Perhaps the why is less pressing than what you'd need right now.",
    "There's usually a younger you somewhere behind such a why. What did they learn?",
    "Not everything about us has a why that can be found. Some of it just wants to be seen.",
    "Why {it}, of all things? I can only wonder along with you.",
    "Behind a why like that there may be more about {it} than I can see from here.",
];

/// "Am I", "will it ever", "what is the point".
pub(crate) const WONDER: &[&str] = &[
    "That's a question people carry around for years. When did it first come up?",
    "I can't answer it, but you're surely not alone in asking.",
    "Asked on a bad day that question has one answer, and on a better day another.",
    "What would you like the answer to be?",
    "Maybe it isn't a question so much as a sigh. Either is welcome here.",
    "Asked in that tone, a question can hurt. How would it sound if you put it more kindly?",
    "It's an honest thing to ask, and an honest thing to leave open.",
];

/// "Do you think", "is it normal".
pub(crate) const OPINION: &[&str] = &[
    "I'm in no position to judge, and I wouldn't want to. What do you think yourself?",
    "People wonder that more often than they admit.",
    "My opinion would be worth little, being a program's. Who would you trust to answer that?",
    "If it helps you and harms nobody, there's little to be said against it.",
    "What would change, if I said yes, and what if I said no?",
    "Normal is a wide country, wider than its maps. I can't say more than that from here.",
    "Part of you must have an answer, or you'd hardly ask it like that.",
];

/// "What if".
pub(crate) const WHAT_IF: &[&str] = &[
    "What if is a door the mind likes to rattle at. What do you see behind it?",
    "Suppose it did happen. What would be the first thing you'd do, and who would stand next to you?",
    "The what ifs seldom come with the part where people cope. That part exists as well.",
    "It may happen, it may not, and neither is decided in this minute.",
    "A what if feels like planning, and it costs as much as the real thing.",
    "Which of the what ifs comes back most often?",
];

/// What people ask to have done, by kind: the verbs and nouns that show it, and the answers.
pub(crate) struct Wish {
    pub(crate) shown_by: &'static [&'static str],
    pub(crate) says: &'static [&'static str],
}

pub(crate) const WISHES: &[Wish] = &[
    Wish {
        shown_by: &["joke", "jokes"],
        says: &[
            "I know few jokes. A pause walked into a conversation, and nobody said anything.",
            "One more joke, then: two servers meet, and neither of them has anything to declare.",
            "My last joke is about a calendar whose days were numbered. After that I'm out.",
            "The joke drawer is empty now. Would you tell me one instead?",
        ],
    },
    Wish {
        shown_by: &["poem", "poems", "haiku", "rhyme", "verse", "song", "lyrics"],
        says: &[
            "A poem is almost too much for me, but here is a tiny one: the kettle hums, the window clears, a day may end without its fears.",
            "Another small poem: slow rain at night, a lamp left lit, and no one has to make sense of it.",
            "My last verse goes: one foot, then one, the hill is long, and halfway up it turns to song.",
            "No more poems in me, I'm afraid; a connected model could write you a hundred. What should yours be about?",
        ],
    },
    Wish {
        shown_by: &["story", "tale", "bedtime story", "fairy tale"],
        says: &[
            "A very short story: somebody thought they had come too late, and the others were only just putting the kettle on.",
            "Here's another story, the shortest I have: a lost glove hung on a fence all winter, and in spring its twin walked by.",
            "I've told you all the stories I have. How does one of yours begin?",
        ],
    },
    Wish {
        shown_by: &["translate", "translation"],
        says: &[
            "I can't translate, sadly, I barely manage one language. A connected model would do that well.",
            "Translations are out of my reach. Who is the text for?",
        ],
    },
    Wish {
        shown_by: &["summarise", "summarize", "summary", "shorten", "rewrite", "proofread", "correct my", "check my grammar", "paraphrase"],
        says: &[
            "Working on texts is beyond a small responder like me, a summary included. If you tell me the gist yourself, I'll listen.",
            "I can't shorten or mend a text for you. Which sentence in it matters most to you?",
        ],
    },
    Wish {
        shown_by: &["code", "program", "script", "function", "debug", "regex", "sql", "html", "python", "javascript"],
        says: &[
            "I can't write code, although I'm made of it. A larger model, once connected, would be glad to.",
            "Programs are past my skill. Describe what it should do, if it helps to think aloud.",
        ],
    },
    Wish {
        shown_by: &["calculate", "compute", "solve", "multiply", "divide", "how much is", "square root", "equation", "percent of", "plus"],
        says: &[
            "Sums and equations aren't in my power, strange as that sounds for a computer. A connected model or a calculator is the better friend here.",
            "I'd get that sum wrong. What is it for?",
        ],
    },
    Wish {
        shown_by: &["email", "letter", "essay", "cover letter", "text for", "article", "speech", "message to", "list of", "recipe", "plan for", "write", "draft", "compose", "generate"],
        says: &[
            "Writing whole texts is too much for me, I only know how to keep up a talk. What would you want it to say, in one line?",
            "I can't draft that, sorry. But if you tell me what it should say at heart, the first line may come by itself.",
            "For finished texts a larger model would have to be connected. What is the most important thing to get across in what you want to write?",
        ],
    },
    Wish {
        shown_by: &["draw", "picture", "image", "photo", "sing", "play", "video", "music"],
        says: &["No pictures and no music from me, only plain words. What would you like it to show?", "I can neither draw nor sing, but I can listen to what you imagine."],
    },
    Wish {
        shown_by: &["search", "google", "look up", "find me", "find out", "weather", "remind", "reminder", "alarm", "timer", "book me", "order", "buy", "call", "send", "schedule", "open"],
        says: &["I can't reach anything outside this conversation, so no looking up and no errands. What do you need it for?", "My arms end at this text box, so that's not something I can do for you."],
    },
    Wish {
        shown_by: &["explain", "define", "describe", "teach me", "recommend", "suggest", "suggestion", "recommendation", "compare", "what is the difference", "give me", "list", "tell me about", "name some", "help me with"],
        says: &[
            "I have no knowledge to explain it with, I'm only the small built-in responder. A connected model would know more.",
            "There's nothing on my shelves to recommend from. What have you liked so far?",
            "Explaining needs knowing, and my knowing ends at this page. How would you explain it yourself?",
        ],
    },
];

/// How a wish begins; after one of these, the words above decide its kind.
pub(crate) const WISH_OPENERS: &[&str] = &[
    "write", "tell me a", "tell me another", "tell me about", "translate", "summarize", "summarise", "explain", "calculate", "solve", "code", "draw", "sing", "search", "find me", "look up", "google", "recommend", "suggest", "give me", "list", "define", "describe", "generate", "create", "make me", "compose", "draft", "rewrite", "shorten", "proofread", "remind", "set a", "set an", "play", "show me", "teach me", "order", "book", "compute", "debug", "paraphrase", "compare", "name some", "help me write", "help me with",
    "can you write", "can you tell me a", "can you translate", "can you summarize", "can you summarise", "can you explain", "can you calculate", "can you solve", "can you code", "can you draw", "can you sing", "can you search", "can you find", "can you look up", "can you recommend", "can you suggest", "can you give me", "can you make", "can you help me write", "can you help me with", "can you create", "can you play", "can you remind", "can you check", "can you show me", "can you teach me", "can you describe", "can you generate",
    "could you write", "could you tell me a", "could you translate", "could you summarize", "could you summarise", "could you explain", "could you give me", "could you recommend", "could you help me write", "could you help me with", "please write", "please tell me a", "please translate", "please summarize", "please summarise", "please explain", "please give me", "please make", "please help me write", "i want you to write", "i need you to write", "would you write", "will you write", "do you know any jokes", "do you know a joke", "do you know a poem", "do you know a story", "another joke", "another poem", "another story", "one more joke", "one more poem",
];
