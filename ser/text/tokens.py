"""The tokens of a text: the Penn Treebank's, in lower case with punctuation, as in Yoon et al. (2018).

They call nltk's ``word_tokenize``, which first splits the text into sentences with a model that must be downloaded.
Here nltk's sentence splitter gets the abbreviations below instead; a full stop within a transcript still becomes a
token of its own. Marks such as [LAUGHTER] become three tokens: a bracket, ``laughter``, a bracket.
"""

from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

ABBREVIATIONS = ("a.m", "dr", "e.g", "i.e", "jr", "mr", "mrs", "ms", "p.m", "prof", "sr", "st", "u.k", "u.s", "vs")
KNOWN = PunktParameters()
KNOWN.abbrev_types.update(ABBREVIATIONS)
SENTENCES, WORDS = PunktSentenceTokenizer(KNOWN), NLTKWordTokenizer()
CURLY = str.maketrans("‘’“”", "''\"\"")  # the tokenizer splits "don't" only at a straight apostrophe


def tokens(text: str) -> list[str]:
    """Return the tokens of ``text`` in lower case; none is empty or contains white space."""
    sentences = SENTENCES.tokenize(text.translate(CURLY))
    return [word.lower() for sentence in sentences for word in WORDS.tokenize(sentence)]
