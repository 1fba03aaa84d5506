"""A text as words: the Penn Treebank's tokens in lower case, punctuation kept, as Yoon et al. (2018) make them.

They call nltk's ``word_tokenize``, which first cuts the text into sentences with a model that must be downloaded. Here
nltk's own sentence splitter knows the abbreviations below instead: a full stop in the middle of a transcript becomes a
word of its own all the same. Marks such as [LAUGHTER] become three words: a bracket, ``laughter``, a bracket.
"""

from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

ABBREVIATIONS = ("a.m", "dr", "e.g", "i.e", "jr", "mr", "mrs", "ms", "p.m", "prof", "sr", "st", "u.k", "u.s", "vs")
CURLY = str.maketrans("‘’“”", "''\"\"")  # the tokenizer parts "don't" only at a straight apostrophe


def tokens(text: str) -> list[str]:
    """Return the words of ``text`` in lower case; none of them is empty or holds a blank."""
    sentences = SENTENCES.tokenize(text.translate(CURLY))
    return [word.lower() for sentence in sentences for word in WORDS.tokenize(sentence)]


def _sentences() -> PunktSentenceTokenizer:
    known = PunktParameters()
    known.abbrev_types.update(ABBREVIATIONS)
    return PunktSentenceTokenizer(known)


SENTENCES, WORDS = _sentences(), NLTKWordTokenizer()
