"""Sentences for synthetic dialogs: most clauses are about everyday things, some express the label's emotion.

Emotional clauses mention the same people, things and times as all others, and some emotions share clauses, so that a
system that reads text has something to learn and something to confuse. All texts are invented.
"""

from random import Random

EMOTIONAL = 0.22  # share of clauses that express their emotion

SLOTS = {
    "person": (
        "my sister",
        "your brother",
        "the manager",
        "my neighbour",
        "your cousin",
        "the driver",
        "our teacher",
        "the doctor",
        "my old friend",
        "the woman at the desk",
    ),
    "thing": ("the letter", "the car", "the ticket", "my coat", "the piano", "the suitcase", "the phone", "the garden"),
    "place": ("the station", "the office", "the hospital", "the beach", "the market", "the old house", "the airport"),
    "time": (
        "this morning",
        "on Sunday",
        "last week",
        "before lunch",
        "at nine",
        "all night",
        "in the spring",
        "today",
    ),
    "number": ("two", "three", "four", "five", "ten", "a hundred"),
}

EVERYDAY = (
    "I left {thing} at {place}",
    "{person} was at {place} {time}",
    "we need {number} copies of the form",
    "you can wait for {person} over there",
    "they moved {thing} to {place} {time}",
    "it takes {number} hours to get to {place}",
    "I will ask {person} about {thing}",
    "do you know where {person} put {thing}",
    "somebody called from {place} {time}",
    "the bus to {place} leaves {time}",
    "I think {person} has the key",
    "let me look at {thing} again",
)

WORDINGS = {
    "ang": (
        "I told you {number} times not to touch {thing}",
        "you never listen to me",
        "{person} lied to me about {thing}",
        "get out of {place} right now",
        "how dare you talk to {person} like that",
        "I am sick of waiting at {place}",
        "this is completely unfair",
    ),
    "hap": (
        "I am so glad that {person} came to {place}",
        "we laughed about {thing} {time}",
        "it was a lovely day at {place}",
        "that is really good to hear",
        "{person} made me smile {time}",
        "I love the way you sing",
    ),
    "exc": (
        "guess what, {person} said yes",
        "I cannot wait to see {place}",
        "we won {number} tickets {time}",
        "this is going to be amazing",
        "I got the job at {place}",
        "that is really good to hear",
    ),
    "sad": (
        "I miss {person} so much",
        "I cannot believe that {person} is gone",
        "there is nothing left at {place}",
        "I cried {time}",
        "it hurts to think of {place}",
        "I do not know how to go on without {person}",
    ),
    "neu": (
        "please fill in the form for {thing}",
        "the answer is {number}",
        "yes, that is right",
        "you have to go to {place} first",
        "{person} works at {place}",
        "okay, I will do that {time}",
    ),
    "fru": (
        "I have been standing in line at {place} {time}",
        "nobody can tell me where {thing} is",
        "why does this always happen to me",
        "you never listen to me",
        "I have filled in this form {number} times",
        "it just does not work",
    ),
    "sur": ("what are you doing at {place}", "I did not expect {person} {time}", "really, {number} of them"),
    "fea": ("there is somebody in {place}", "please do not leave me at {place}", "what if {person} finds out"),
    "dis": ("that smells horrible", "I will not eat that"),
    "oth": ("well, well, look at {person}", "if you say so"),
}

OPENERS = ("well", "look", "listen", "okay", "you know", "I mean", "so", "oh", "no", "yes")
JOINTS = (", and ", ", but ", ". ", ". ")
SHORT = ("Yeah", "Okay", "I know", "What", "No", "Excuse me", "All right", "Really")


def sentence(code: str, random: Random) -> str:
    """Return the text of an utterance with the IEMOCAP label ``code``: one to about a hundred words."""
    if random.random() < 0.08:
        return random.choice(SHORT) + random.choice((".", "?"))
    clauses = 1 + min(int(random.expovariate(1 / 1.5)), 11)
    text = _clause(code, random)
    if random.random() < 0.25:
        text = f"{random.choice(OPENERS)}, {text}"
    for _ in range(clauses - 1):
        joint = random.choice(JOINTS)
        following = _clause(code, random)
        text += joint + (_capital(following) if joint == ". " else following)
    return _capital(text) + "."


def _clause(code: str, random: Random) -> str:
    """Return one clause; without agreement of the raters (xxx) a random emotion is expressed."""
    expressed = code if code in WORDINGS else random.choice(sorted(WORDINGS))
    template = random.choice(WORDINGS[expressed] if random.random() < EMOTIONAL else EVERYDAY)
    return template.format(**{slot: random.choice(fillings) for slot, fillings in SLOTS.items()})


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
