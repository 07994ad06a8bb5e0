//! Single words and what kind they are. Lists only; add a word where it belongs, lower case.

use std::{collections::HashSet, sync::LazyLock};

/// True for words that carry no subject of their own: articles, pronouns, auxiliaries, the verbs
/// and adverbs that stand in every second sentence.
pub(crate) fn is_stop(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP.iter().flat_map(|line| line.split(' ')).collect());
    SET.contains(word)
}

/// True for nouns that can be named again on their own ("the printer").
pub(crate) fn is_noun(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| NOUNS.iter().flat_map(|line| line.split(' ')).collect());
    SET.contains(word)
}

/// True for adjectives that may stand between an article and its noun.
pub(crate) fn is_adjective(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> =
        LazyLock::new(|| ADJECTIVES.iter().flat_map(|line| line.split(' ')).collect());
    SET.contains(word)
        || (word.len() > 5 && ["ous", "ful", "ive", "able", "ible", "less", "ish", "ical"].iter().any(|s| word.ends_with(s)))
}

/// True for a first name, written in lower case.
pub(crate) fn is_name(word: &str) -> bool {
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.iter().flat_map(|line| line.split(' ')).collect());
    SET.contains(word)
}

/// True for words that are never said back: curses, insults, and the words of the clinic.
pub(crate) fn is_avoided(word: &str) -> bool {
    AVOIDED_STEMS.iter().any(|stem| word.starts_with(stem)) || AVOIDED.contains(&word)
}

const STOP: &[&str] = &[
    "a an the this that these those some any each every either neither both all half such same other another",
    "i me my mine myself you your yours yourself he him his himself she her hers herself it its itself we us our",
    "ours ourselves they them their theirs themselves one ones someone somebody anyone anybody everyone everybody",
    "nobody noone something anything everything nothing who whom whose which what when where why how",
    "am is are was were be been being do does did done doing have has had having can could will would shall should",
    "may might must ought need needs needed dare let lets gonna",
    "and or but nor so yet if then than because cause since while as until till though although unless whether",
    "about above across after against along among around at before behind below beneath beside between beyond by",
    "down during except for from in inside into like near of off on onto out outside over past per through",
    "throughout to toward towards under up upon with within without",
    "not no never none ever very really quite rather too also just only even still already always often sometimes",
    "usually maybe perhaps probably actually basically literally totally completely absolutely extremely super",
    "pretty almost nearly mostly mainly again anymore longer now soon later today tonight tomorrow yesterday lately",
    "recently currently ago once twice here there somewhere anywhere everywhere nowhere away back well much many",
    "more most less least few little lot lots bit enough several kind sort type way ways thing things stuff",
    "get gets got getting gotten go goes going went gone come comes came coming make makes made making take takes",
    "took taken taking give gives gave given giving put puts putting keep keeps kept keeping say says said saying",
    "tell tells told telling ask asks asked asking know knows knew known knowing think thinks thought thinking feel",
    "feels felt feeling see sees saw seen seeing look looks looked looking seem seems seemed want wants wanted",
    "wanting mean means meant try tries tried trying start starts started starting stop stops stopped stopping",
    "happen happens happened happening guess suppose use uses used using let thanks thank please hello hi hey yes",
    "yeah yep yup no nope ok okay sure fine right wrong good bad great nice better best worse worst big small new",
    "old long short high low own first second last next early late true false different able oh ah um uh hm hmm",
    "haha lol etc man guy guys dude day days week weeks month months year years time times hour hours minute minutes",
    "morning afternoon evening people person part point end rest side place fact reason anyway else instead",
    "together apart exactly especially honestly obviously definitely certainly clearly simply suddenly finally",
    "everytime sorry welcome wow bye goodbye monday tuesday wednesday thursday friday saturday sunday idk dont",
    "two three four five six seven eight nine ten hundred thousand zero",
];

/// Where a part of a sentence may end: the next part starts with one of these.
pub(crate) const BOUNDARY: &[&str] = &[
    "and", "but", "or", "because", "so", "when", "while", "if", "that", "who", "which", "since", "after", "before",
    "until", "till", "than", "then", "about", "with", "for", "at", "in", "on", "from", "by", "during", "without",
    "to", "today", "tomorrow", "yesterday", "tonight", "now", "lately", "again", "anymore", "too", "very", "really",
    "always", "every", "last", "next", "this", "later", "soon", "already", "yet", "though", "although", "as", "where",
    "how", "why", "what", "i", "you", "he", "she", "we", "they", "it", "is", "was", "are", "were", "will", "would",
    "has", "had", "have", "recently", "finally", "anyway", "either", "right", "just", "like", "all", "instead",
    "together", "there", "here", "these", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "not", "never", "can", "could", "makes", "made", "keeps", "keep", "hard", "well", "better", "once", "twice",
    "actually", "honestly", "only", "also", "even", "alone", "first", "got", "went", "came", "feels", "felt",
    "gets", "left", "took", "started", "stopped", "broke", "called", "says", "said", "told", "died", "does", "did",
];

/// Words that time hangs on; "this morning" is no thing to talk about.
pub(crate) const TIMES: &[&str] = &[
    "morning", "afternoon", "evening", "night", "day", "days", "week", "weeks", "weekend", "month", "months", "year",
    "years", "time", "times", "hour", "hours", "minute", "minutes", "moment", "today", "while", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday", "sunday", "summer", "winter", "spring", "autumn",
];

/// Words that trail behind a phrase without belonging to it.
pub(crate) const TRAILING: &[&str] = &[
    "today", "tomorrow", "yesterday", "tonight", "lately", "now", "anymore", "too", "really", "recently", "soon",
    "already", "though", "then", "anyway", "again", "either", "currently", "sometimes", "often", "please", "lol",
    "haha", "somehow", "actually", "lately", "instead", "mostly", "finally", "maybe", "honestly", "right", "ago", "later", "yet",
];

/// A phrase never ends with one of these.
pub(crate) const NO_END: &[&str] = &[
    "a", "an", "the", "my", "your", "his", "our", "their", "its", "this", "these", "those", "of", "to", "in", "on",
    "at", "by", "for", "from", "with", "about", "into", "and", "or", "but", "so", "very", "really", "too", "am", "is",
    "are", "was", "were", "be", "been", "being", "will", "would", "can", "could", "should", "have", "has", "had",
    "did", "not", "no", "just", "that", "which", "who", "than", "as", "if", "because", "more", "most", "some",
    "any", "every", "i", "he", "she", "we", "they", "how", "why", "what", "when", "where", "like", "get", "got",
    "make", "made", "let", "give", "gave", "put", "still", "even", "also", "only", "always", "never", "going",
];

/// Nouns outside the themes that are easy to name again.
const NOUNS: &[&str] = &[
    "printer computer laptop phone screen keyboard camera car bus train bike bicycle plane boat road street bridge",
    "house flat apartment room kitchen bathroom bedroom garden balcony roof door window wall floor table chair desk",
    "sofa couch lamp mirror shelf fridge oven washing machine city town village country place beach sea lake river",
    "mountain forest park hill island school university college class lesson course library museum cinema theatre",
    "church hospital office shop store market station airport hotel restaurant cafe bar gym pool playground",
    "letter email message text call photo picture painting drawing book novel story poem diary journal notebook film",
    "movie series show episode song album guitar piano violin drums concert band choir game match team club",
    "meeting project report deadline contract salary promotion presentation interview client customer manager company",
    "business shift task exam test essay homework grade thesis degree teacher student lecture semester scholarship",
    "dog cat puppy kitten rabbit bird horse fish hamster parrot tree flower plant rose grass leaf snow rain storm",
    "sun sky moon star wind cloud breakfast lunch dinner meal soup bread cake pizza pasta rice coffee tea wine beer",
    "chocolate cheese apple salad recipe birthday wedding party funeral holiday trip journey flight ticket passport",
    "suitcase gift present surprise money rent bill loan debt bank bag shoes dress coat shirt ring watch glasses",
    "doctor dentist nurse appointment headache back knee shoulder heart head hands eyes face hair skin body voice",
    "capital president population king queen problem question answer idea plan dream goal decision choice mistake secret promise lie argument fight quarrel",
    "conversation discussion silence noise news article post comment video podcast radio television internet app",
    "website password account code bug server program data number list box key keys bottle cup plate knife",
    "neighbour neighbor neighbours neighbors landlord flatmate roommate stranger police lawyer judge president war",
    "peace law rule rules church god faith hope fear love hate anger joy pain past future memory memories childhood",
    "youth age life death world family home work job career study studies exams sleep health relationship marriage",
    "divorce breakup friendship loneliness stress pressure weather money test tests marks speech stage crowd queue",
    "puzzle chess football tennis marathon race walk run swim hike garden tomato tomatoes bread sourdough balcony",
];

const ADJECTIVES: &[&str] = &[
    "new old young older younger oldest youngest little big small tiny huge great good bad best worst better first",
    "last next other same own only whole entire long short tall high low late early real true wrong right hard easy",
    "difficult simple strange weird funny crazy stupid silly nice lovely sweet kind mean rude cruel gentle quiet loud",
    "busy free full empty dark bright light heavy cold hot warm cool dry wet clean dirty broken lost favourite favorite",
    "red blue green yellow black white brown grey gray pink purple orange golden silver former current final main big",
    "beloved dear sick ill dead late elderly difficult annoying boring amazing awesome terrible horrible awful perfect",
    "beautiful pretty ugly cheap expensive rich poor public private local foreign english french german spanish italian",
    "chinese american british weekly daily monthly annual important urgent serious happy sad angry lonely tired worried",
    "second third several few many long-distance part-time full-time online old-fashioned secret special usual normal",
    "common rare dear fresh raw wild tame shy loud brave smart clever lazy messy tidy complicated giant",
];

/// First names. Known in lower case after a kin word, and at the start of a sentence.
const NAMES: &[&str] = &[
    "anna maria marie sara sarah emma laura julia lisa lena lucy lucia sofia sophie mia ella eva alice amelia olivia",
    "isabella chloe nina nora clara klara martha marta elena helen helena ellen irene ines ingrid astrid freya greta",
    "hannah johanna jana janet jane jenny jennifer jessica joanna karen katie kate katherine kathy kim linda leah lea",
    "lily magda maggie margaret megan michelle miriam monica nadia natalie natasha olga pamela patricia paula petra",
    "priya rachel rebecca rita rosa ruth sandra sharon silvia simone sonia stephanie susan susanne tanya teresa tina",
    "ursula valeria vanessa vera victoria wendy yasmin zoe aisha fatima leila amina maya mila luna lina mei yuki sakura hana ying",
    "adam ahmed alan albert alex alexander ali andrew andreas andy anthony antonio arthur ben benjamin bob brian",
    "bruno carl carlos charles charlie chris christian christopher daniel david diego dominic edward emil eric erik",
    "ethan felix fernando francis frank fred gabriel george gerald giovanni gordon greg gustav hans harry henry hugo",
    "ian ibrahim isaac ivan jack jacob jakob james jan jason javier jeff jens jeremy jim joe john jonas jonathan",
    "jorge jose joseph josh joshua juan julian karl keith kenneth kevin kyle lars leo leon leonard lewis liam louis",
    "luca lucas luis luke marco marcus mario martin mateo matthew matteo max michael miguel mike mohamed mohammed",
    "muhammad nathan nick nicholas nils noah oliver omar oscar owen pablo pat patrick paul pedro pete peter philip",
    "pierre rafael ralph raj ravi ray richard rob robert roberto roger ron ryan sam samuel scott sean sebastian simon",
    "stefan stephen steve steven stuart sven ted theo thomas tim timothy tobias tom tomas tony victor vincent walter",
    "wei william yusuf",
];

/// Words for people close by, with how they are named when no `my` stands before them.
pub(crate) const KIN: &[(&str, &str)] = &[
    ("mother", "your mother"), ("mom", "your mom"), ("mum", "your mum"), ("mama", "your mama"), ("mommy", "your mom"),
    ("mummy", "your mum"), ("father", "your father"), ("dad", "your dad"), ("papa", "your papa"), ("daddy", "your dad"),
    ("parents", "your parents"), ("sister", "your sister"), ("sisters", "your sisters"), ("brother", "your brother"),
    ("brothers", "your brothers"), ("sibling", "your sibling"), ("siblings", "your siblings"), ("twin", "your twin"),
    ("son", "your son"), ("daughter", "your daughter"), ("kid", "your kid"), ("kids", "your kids"),
    ("child", "your child"), ("children", "your children"), ("baby", "your baby"), ("grandma", "your grandma"),
    ("grandmother", "your grandmother"), ("granny", "your granny"), ("nana", "your nana"),
    ("grandpa", "your grandpa"), ("grandfather", "your grandfather"), ("grandad", "your grandad"),
    ("granddad", "your granddad"), ("grandparents", "your grandparents"), ("grandson", "your grandson"),
    ("granddaughter", "your granddaughter"), ("aunt", "your aunt"), ("auntie", "your auntie"), ("uncle", "your uncle"),
    ("cousin", "your cousin"), ("niece", "your niece"), ("nephew", "your nephew"), ("wife", "your wife"),
    ("husband", "your husband"), ("partner", "your partner"), ("boyfriend", "your boyfriend"),
    ("girlfriend", "your girlfriend"), ("fiance", "your fiance"), ("fiancee", "your fiancee"), ("ex", "your ex"),
    ("crush", "your crush"), ("friend", "your friend"), ("friends", "your friends"), ("bestie", "your best friend"),
    ("boss", "your boss"), ("manager", "your manager"), ("colleague", "your colleague"),
    ("colleagues", "your colleagues"), ("coworker", "your coworker"), ("coworkers", "your coworkers"),
    ("co-worker", "your co-worker"), ("co-workers", "your co-workers"), ("roommate", "your roommate"),
    ("flatmate", "your flatmate"), ("housemate", "your housemate"), ("neighbour", "your neighbour"),
    ("neighbor", "your neighbor"), ("neighbours", "your neighbours"), ("neighbors", "your neighbors"),
    ("landlord", "your landlord"), ("teacher", "your teacher"), ("professor", "your professor"),
    ("stepmother", "your stepmother"), ("stepfather", "your stepfather"), ("stepmom", "your stepmom"),
    ("stepdad", "your stepdad"), ("mother-in-law", "your mother-in-law"), ("father-in-law", "your father-in-law"),
    ("sister-in-law", "your sister-in-law"), ("brother-in-law", "your brother-in-law"), ("family", "your family"),
];

/// Kin words that are only meant when an owner stands before them ("my manager", but "the boss").
pub(crate) const KIN_NEEDS_OWNER: &[&str] = &[
    "kid", "child", "baby", "partner", "crush", "ex", "manager", "teacher", "professor", "landlord", "family", "twin",
    "children", "kids", "parents", "friend", "friends", "boss", "neighbour", "neighbor", "neighbours", "neighbors",
    "colleague", "colleagues", "coworker", "coworkers", "co-worker", "co-workers", "son", "daughter", "husband", "wife",
    "father", "mother", "brother", "brothers", "sister", "sisters", "sibling", "siblings", "boyfriend", "girlfriend",
];

/// Animals that live with people.
pub(crate) const PETS: &[&str] = &[
    "dog", "dogs", "puppy", "cat", "cats", "kitten", "rabbit", "bird", "horse", "pony", "hamster", "parrot", "pet",
    "guinea", "budgie", "tortoise", "goldfish",
];

/// Contractions without an apostrophe, and the shorthand of phones.
pub(crate) const SHORTHAND: &[(&str, &str)] = &[
    ("im", "i am"), ("ive", "i have"), ("dont", "do not"), ("doesnt", "does not"), ("didnt", "did not"),
    ("cant", "can not"), ("cannot", "can not"), ("wont", "will not"), ("couldnt", "could not"),
    ("wouldnt", "would not"), ("shouldnt", "should not"), ("isnt", "is not"), ("arent", "are not"),
    ("wasnt", "was not"), ("werent", "were not"), ("havent", "have not"), ("hasnt", "has not"), ("hadnt", "had not"),
    ("youre", "you are"), ("theyre", "they are"), ("dosent", "does not"), ("dosnt", "does not"), ("doesent", "does not"), ("thats", "that is"), ("whats", "what is"), ("hes", "he is"),
    ("shes", "she is"), ("theres", "there is"), ("itll", "it will"), ("youve", "you have"), ("weve", "we have"),
    ("gonna", "going to"), ("wanna", "want to"), ("gotta", "got to"), ("dunno", "do not know"), ("lemme", "let me"),
    ("gimme", "give me"), ("kinda", "kind of"), ("sorta", "sort of"), ("idk", "i do not know"), ("u", "you"),
    ("ur", "your"), ("r", "are"), ("pls", "please"), ("plz", "please"), ("thx", "thanks"), ("ty", "thank you"),
    ("tysm", "thank you so much"), ("thankyou", "thank you"), ("bc", "because"), ("cuz", "because"), ("coz", "because"),
    ("tho", "though"), ("bf", "boyfriend"), ("gf", "girlfriend"), ("bday", "birthday"), ("ppl", "people"),
    ("tmrw", "tomorrow"), ("tmr", "tomorrow"), ("rn", "right now"), ("nvm", "never mind"), ("nevermind", "never mind"),
    ("alot", "a lot"), ("ain't", "is not"), ("k", "ok"), ("kk", "ok"), ("okey", "okay"), ("ya", "yeah"),
    ("cya", "see you"), ("omg", "oh my god"), ("tbh", "honestly"), ("ngl", "honestly"), ("imo", "i think"),
];

/// Words a `'s` after which means `is`; after any other word it means possession.
pub(crate) const BEFORE_IS: &[&str] = &[
    "it", "he", "she", "that", "what", "there", "here", "who", "how", "where", "when", "why", "everything", "nothing",
    "something", "nobody", "everyone", "this",
];

/// Common misspellings that are no swap of two letters.
pub(crate) const MISSPELT: &[(&str, &str)] = &[
    ("tommorow", "tomorrow"), ("tommorrow", "tomorrow"), ("tomorow", "tomorrow"), ("definately", "definitely"),
    ("becuase", "because"), ("becasue", "because"), ("beacuse", "because"), ("anxius", "anxious"),
    ("anxios", "anxious"), ("stresed", "stressed"), ("stressd", "stressed"), ("lonley", "lonely"),
    ("lonly", "lonely"), ("hapy", "happy"), ("happpy", "happy"), ("worryed", "worried"), ("woried", "worried"),
    ("exausted", "exhausted"), ("exhasted", "exhausted"), ("overwelmed", "overwhelmed"),
    ("overwhelmd", "overwhelmed"), ("dissapointed", "disappointed"), ("dissappointed", "disappointed"),
    ("embarassed", "embarrassed"), ("excercise", "exercise"), ("realy", "really"), ("wierd", "weird"),
    ("freinds", "friends"), ("girlfreind", "girlfriend"), ("boyfreind", "boyfriend"), ("familly", "family"),
    ("colege", "college"), ("intervew", "interview"), ("bithday", "birthday"), ("sleap", "sleep"), ("slepp", "sleep"),
    ("arguement", "argument"), ("freaked", "scared"), ("relashionship", "relationship"),
    ("relationsip", "relationship"), ("thier", "their"), ("wich", "which"), ("teh", "the"), ("adn", "and"),
    ("untill", "until"), ("somthing", "something"), ("nothng", "nothing"), ("beleive", "believe"),
    ("recieved", "received"), ("finaly", "finally"), ("angery", "angry"), ("frustated", "frustrated"),
    ("helo", "hello"), ("helllo", "hello"), ("thnaks", "thanks"), ("thnks", "thanks"), ("thanx", "thanks"),
    ("mornin", "morning"), ("tierd", "tired"), ("boaring", "boring"), ("feal", "feel"), ("evrything", "everything"), ("everthing", "everything"), ("shoud", "should"), ("woud", "would"), ("coud", "could"), ("alwasy", "always"), ("diffrent", "different"), ("probly", "probably"), ("prolly", "probably"), ("lookin", "looking"), ("goin", "going"), ("nothin", "nothing"), ("wnat", "want"),
];

/// Real words that a swap of two letters would turn into a known one.
pub(crate) const REAL_WORDS: &[&str] = &[
    "sacred", "dairy", "angel", "clam", "trial", "trail", "quite", "united", "form", "being", "fried", "bakes", "slept",
    "brake", "beard", "diary", "angle", "untied", "salve", "expect", "except", "carve", "casual", "causal", "marital",
    "martial", "casts", "coats", "gate", "tabel", "lion", "loin", "unti", "reveal", "sing", "sign", "signs", "sings",
    "dear", "felt", "left", "lair", "liar", "paly", "pray", "rats", "star", "snow", "sown", "meal", "lame", "male",
    "dose", "sued", "bets", "quiet", "lose", "sole", "tried", "bread", "was", "saw", "who", "how", "won", "own", "now", "does", "nose", "ones",
];

/// Words that are written with a capital however they were typed.
pub(crate) const PROPER: &[&str] = &[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mondays", "sundays", "january",
    "february", "april", "june", "july", "august", "september", "october", "november", "december", "english",
    "french", "german", "spanish", "italian", "japanese", "chinese", "korean", "christmas", "easter", "netflix",
    "instagram", "facebook", "youtube", "google", "london", "paris", "berlin", "europe", "america", "england", "france",
    "germany", "spain", "italy", "india", "japan", "china", "norway",
];

/// Words that can be a verb right behind a noun: they do not make it longer.
pub(crate) const NOUN_OR_VERB: &[&str] = &[
    "work", "walk", "run", "dream", "love", "hope", "fear", "call", "text", "message", "plan", "cook", "bake", "sleep",
    "plant", "exercise", "rain", "snow", "sound", "talk", "help", "need", "cost", "matter", "change", "break", "fight",
    "dance", "drink", "show", "hate", "lie", "promise", "study", "swim", "hike", "race", "train", "plays", "ring",
    "worry", "stress", "drive", "smile", "laugh", "play", "watch", "visit", "kiss", "hug", "shout", "paint", "lose", "win", "mean", "end", "start", "stop", "cry", "eat", "nap", "test", "fall", "move", "park", "paint", "draw", "knit",
];

/// Nouns too wide to be named again later.
pub(crate) const VAGUE: &[&str] = &[
    "life", "world", "home", "mind", "head", "heart", "eyes", "hands", "face", "idea", "question", "answer", "place",
    "problem", "name", "past", "future", "thought", "feeling", "news", "number", "voice", "age", "body", "hair", "death",
    "hour", "loss", "waiting", "happening", "that",
];

/// Words about all and none: said back as a feeling, not as a fact.
pub(crate) const SWEEPING: &[&str] = &[
    "everyone", "everybody", "nobody", "everything", "nothing",
];

/// Words of self-reproach: a sentence with one of them is not said back.
pub(crate) const HARSH: &[&str] = &[
    "bad", "terrible", "awful", "horrible", "failure", "fault", "ugly", "fat", "worthless", "burden", "wrong", "weak",
    "monster", "disgusting", "useless", "stupid", "pathetic", "lazy", "crazy", "selfish", "weird", "hate", "failed",
    "ruin", "ruined", "mess", "deserve", "deserved", "worse", "worst", "broken", "unlovable", "replaceable", "nobody",
    "hurt", "hit", "beat", "drunk", "sucks", "suck", "hell",
];

/// Verbs that show a statement to be whole.
pub(crate) const HELPERS: &[&str] = &[
    "am", "is", "are", "was", "were", "do", "does", "did", "have", "has", "had", "can", "could", "will", "would",
    "should", "may", "might", "must",
];

/// Words that English capitalises although they name nothing worth keeping.
pub(crate) const CAPITALISED: &[&str] = &[
    "i", "i'm", "i've", "i'd", "i'll", "im", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "english", "god", "ok", "okay", "tv", "mr", "mrs", "ms", "dr", "miss", "sir", "and", "but",
    "so", "no", "yes", "not", "the", "my", "a", "in", "on", "of", "it", "he", "she", "they", "we", "you", "is", "to",
    "mom", "dad", "mum", "mother", "father", "grandma", "grandpa", "idk", "lol", "omg", "ai", "cv", "pc", "usa", "uk",
];

const AVOIDED_STEMS: &[&str] = &[
    "fuck", "shit", "bitch", "cunt", "dick", "asshole", "arsehole", "bastard", "whore", "slut", "fag", "nigg", "retard",
    "wank", "motherf", "bullshit", "diagnos", "disorder", "bipolar", "medicat", "symptom", "therap", "depress", "anxiet",
    "psych", "schizo", "suicid", "clinic", "antidepress", "prescri", "autis", "syndrome", "traum", "neuro", "addict",
    "manic", "mania", "patholog", "insomni", "rape", "porn", "http", "www",
];

const AVOIDED: &[&str] = &[
    "damn", "ass", "arse", "crap", "piss", "pissed", "hell", "sex", "sexy", "gay", "idiot", "moron", "dumb", "loser",
    "pill", "pills", "dose", "drug", "drugs", "patient", "adhd", "add", "ptsd", "ocd", "kill", "killed", "killing",
    "die", "dying", "murder", "hang", "overdose", "cutting", "gun", "knife", "blade", "noose", "xanax", "prozac",
    "ssri", "meds", "panic", "phobia", "borderline", "narcissist", "narcissistic", "anorexia", "bulimia", "anorexic",
];

/// Turns the meaning of the next few words around.
pub(crate) const NEGATORS: &[&str] = &["not", "never", "no", "hardly", "barely", "without", "nobody", "cannot"];

/// Adverbs that may stand between `am` and a feeling, and between `I` and a verb.
pub(crate) const ADVERBS: &[&str] = &[
    "so", "very", "really", "just", "quite", "pretty", "too", "still", "always", "all", "kind", "of", "a", "bit",
    "little", "rather", "more", "super", "extremely", "totally", "completely", "also", "even", "now", "already",
    "again", "finally", "mostly", "actually", "honestly", "only", "recently", "lately", "constantly", "absolutely",
    "incredibly", "terribly", "genuinely", "truly", "such", "almost", "somehow", "suddenly", "usually", "often",
    "sometimes", "currently", "bloody", "fucking", "sort", "somewhat", "slightly", "deeply", "definitely", "today",
];

/// Words that brighten a message, outside the feelings.
pub(crate) const POSITIVE: &[&str] = &[
    "love", "loved", "lovely", "enjoy", "enjoyed", "fun", "funny", "great", "good", "nice", "wonderful", "beautiful",
    "amazing", "awesome", "fantastic", "brilliant", "passed", "won", "win", "winning", "success",
    "successful", "celebrate", "celebrated", "celebrating", "laughed", "laughing", "laugh", "smiled", "smile", "smiling",
    "yay", "hooray", "hurray", "better", "delicious", "cozy", "cosy", "gift",
    "promoted", "promotion", "engaged", "congratulated", "praised", "hugged", "hug", "recovered", "healed", "succeeded",
    "improved", "improving", "favourite", "favorite", "blessed", "miracle", "sunny", "yummy", "tasty", "graduated",
    "accepted", "hired", "reunited", "surprise", "pleasant", "glorious", "danced", "dancing", "sang",
];

/// Words that darken a message, outside the feelings.
pub(crate) const NEGATIVE: &[&str] = &[
    "hate", "hated", "awful", "terrible", "horrible", "bad", "worse", "worst", "failed", "fail", "failing", "failure",
    "lost", "lose", "losing", "broke", "broken", "cry", "cried", "crying", "tears", "hurt", "hurts", "pain", "painful",
    "ache", "aches", "sick", "ill", "problem", "problems", "trouble", "fight", "fighting", "fought", "argue", "argued",
    "arguing", "argument", "yelled", "yelling", "shouted", "shouting", "screamed", "ignored", "ignores", "ignoring",
    "rejected", "rejection", "fired", "quit", "miss", "missing", "missed", "alone", "worry", "worries", "worrying",
    "fear", "stress", "pressure", "struggle", "struggling", "struggled", "hard", "difficult", "exhausting", "tiring",
    "stuck", "unfair", "mean", "rude", "cruel", "lied", "lies", "lying", "cheated", "betrayed", "left", "dumped",
    "divorce", "debt", "debts", "sleepless", "nightmare", "nightmares", "regret", "regrets", "mistake", "mistakes",
    "wrong", "sucks", "sucked", "gross", "disaster", "mess", "accident", "stolen", "late", "behind", "deadline",
    "overworked", "toxic", "annoying", "boring", "useless", "pointless", "headache", "fever", "insomnia", "bullied",
    "forgot", "forgotten", "gone", "wasted", "ruined", "cancelled", "canceled",
];

/// Verbs whose object is worth naming again: what was written, and its form after "about".
pub(crate) const VERBS: &[(&str, &str)] = &[
    ("lose", "losing"), ("lost", "losing"), ("miss", "missing"), ("missed", "missing"), ("regret", "regretting"),
    ("bought", "buying"), ("found", "finding"), ("finished", "finishing"), ("started", "starting"),
    ("quit", "quitting"), ("failed", "failing"), ("passed", "passing"), ("won", "winning"), ("made", "making"),
    ("forgot", "forgetting"), ("met", "meeting"), ("saw", "seeing"), ("called", "calling"), ("visited", "visiting"),
    ("cooked", "cooking"), ("baked", "baking"), ("wrote", "writing"), ("read", "reading"), ("watched", "watching"),
    ("played", "playing"), ("cleaned", "cleaning"), ("cancelled", "cancelling"), ("canceled", "canceling"),
    ("changed", "changing"), ("moved", "moving"), ("painted", "painting"), ("planted", "planting"), ("sold", "selling"),
    ("fixed", "fixing"), ("repaired", "repairing"), ("built", "building"), ("learned", "learning"),
    ("learnt", "learning"), ("hurt", "hurting"), ("disappointed", "disappointing"), ("helped", "helping"),
    ("hugged", "hugging"), ("argued", "arguing"), ("fought", "fighting"), ("left", "leaving"), ("joined", "joining"),
    ("applied", "applying"), ("signed", "signing"), ("received", "receiving"), ("opened", "opening"),
    ("deleted", "deleting"), ("dropped", "dropping"), ("talked", "talking"), ("spoke", "speaking"), ("went", "going"),
    ("walked", "walking"), ("ran", "running"), ("travelled", "travelling"), ("worked", "working"),
    ("studied", "studying"), ("waited", "waiting"), ("apologised", "apologising"), ("apologized", "apologizing"),
    ("forgave", "forgiving"), ("talk", "talking"), ("speak", "speaking"), ("write", "writing"), ("cook", "cooking"), ("bake", "baking"), ("play", "playing"), ("watch", "watching"), ("visit", "visiting"), ("paint", "painting"), ("sing", "singing"), ("walk", "walking"), ("work", "working"), ("avoid", "avoiding"), ("collect", "collecting"), ("carry", "carrying"), ("care", "caring"), ("told", "telling"), ("showed", "showing"), ("asked", "asking"), ("followed", "following"), ("kept", "keeping"), ("ate", "eating"), ("spent", "spending"), ("adopted", "adopting"), ("sang", "singing"),
    ("danced", "dancing"), ("ordered", "ordering"), ("booked", "booking"), ("broke", "breaking"), ("gave", "giving"),
];

/// Verbs of intent: what was written before `to`, and its form after "about".
pub(crate) const AIMS: &[(&str, &str)] = &[
    ("want", "wanting"), ("wanted", "wanting"), ("wish", "wishing"), ("hope", "hoping"), ("hoped", "hoping"),
    ("need", "needing"), ("needed", "needing"), ("have", "having"), ("had", "having"), ("plan", "planning"),
    ("planned", "planning"), ("try", "trying"), ("tried", "trying"), ("trying", "trying"), ("decided", "deciding"),
    ("forgot", "forgetting"), ("managed", "managing"), ("learned", "learning"), ("learning", "learning"),
    ("planning", "planning"), ("hoping", "hoping"), ("going", "going"), ("got", "having"),
    ("like", "wanting"), ("love", "wanting"),
];

/// Verbs whose `-ing` form follows: "I keep thinking of it".
pub(crate) const BEFORE_ING: &[&str] = &[
    "keep", "kept", "started", "start", "stopped", "finished", "enjoy", "enjoyed", "hate", "love", "like", "miss",
    "avoid", "am", "was", "been", "went", "go", "spent", "imagine", "remember", "regret",
];
