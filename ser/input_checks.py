"""Everything that is checked in the rows and recordings of a corpus: one entry per kind of fault or warning."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class InputCheck:
    """A kind of fault or warning: what is checked, an example of it, and the setting that settles it.

    name: in messages, tables and the corpus's key ``allow``. checks: one sentence. switch: a phrase that begins with
    the setting in quotes. outcome: ``allow``, an error unless the key ``allow`` names it; ``error``, always one;
    ``warning``, listed in the corpus's table of warnings and in the report.
    """

    name: str
    checks: str
    example: str
    switch: str
    outcome: Literal["allow", "error", "warning"] = "error"


CHECKS = (
    InputCheck(
        "subset",
        "A released corpus has as many utterances, speakers and labels as its authors published.",
        "IEMOCAP with four of its five sessions",
        "'allow: [subset]' accepts an incomplete corpus",
        "allow",
    ),
    InputCheck(
        "unlabelled-audio",
        "Every recording below the root has a row, and every row names an emotion or has ratings.",
        "take7.wav is in the folder and not in the table",
        "'allow: [unlabelled-audio]' leaves such recordings out, and keeps rows without an emotion as not labelled",
        "allow",
    ),
    InputCheck(
        "missing-audio",
        "Every row names a recording that exists.",
        "a row names take7.wav, the folder has take07.wav",
        "'allow: [missing-audio]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "unreadable",
        "Every recording can be decoded to its end, has finite samples, and contains the start and end of its rows.",
        "a download that was interrupted: its header declares 96000 bytes, it has 40000",
        "'allow: [unreadable]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "silent",
        "Some sample is more than 0.00001 of full scale away from the mean, in a channel that is read.",
        "the microphone was off, or recorded nothing but an offset",
        "'allow: [silent]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "short",
        "Every utterance lasts as long as the key 'minimum_seconds' requires, after the trim.",
        "a click of 0.1 s that was cut out as an utterance",
        "'allow: [short]' leaves such utterances out, and 'minimum_seconds' sets the limit",
        "allow",
    ),
    InputCheck(
        "broken-row",
        "Every row of a table has as many cells as its header, a path below the root, known emotions and gender, "
        "ratings that are numbers, and times that are numbers of seconds with the end after the start.",
        "a.wav,angyr,,,",
        "'exclude' leaves single rows out, by the utterance's name or by file and line such as t.csv:7, and "
        "'allow: [broken-row]' all of them",
        "allow",
    ),
    InputCheck(
        "contradiction",
        "No two rows say different things of one utterance, or of the same stretch of the same recording.",
        "take7.wav is angry in line 8 and sad in line 90",
        "'exclude' leaves single utterances out, and 'allow: [contradiction]' all of them",
        "allow",
    ),
    InputCheck(
        "off-scale",
        "Every rating of valence, activation and dominance lies on the corpus's scale, where that is known.",
        "valence 55 on the scale 1 to 7, for 5.5",
        "'options: {scale: [1, 9]}' states the scale of a table, 'exclude' leaves single utterances out, and "
        "'allow: [off-scale]' keeps such utterances without the rating",
        "allow",
    ),
    InputCheck(
        "labelled-twice",
        "Copies of a recording and links to it have the same emotion and speaker.",
        "take7.wav is angry, and copy/take7.wav is sad",
        "'exclude' leaves one of them out",
        "warning",
    ),
    InputCheck(
        "two-genders",
        "All rows of a speaker have the same gender.",
        "speaker 7 is female in 30 rows and male in one",
        "correct the gender, or give two people different names",
        "warning",
    ),
    InputCheck(
        "spelling",
        "No speaker, session, dialog or language of a table has several spellings.",
        "speaker 01 in some rows, 1 or 1.0 in others",
        "'options: {spellings: one}' makes them one, 'options: {spellings: apart}' keeps them apart",
    ),
    InputCheck(
        "missing-word",
        "Cells with a word for no value are empty cells.",
        "pandas writes nan for a speaker who is not known",
        "'options: {missing: [nan, …]}' sets the words",
        "warning",
    ),
    InputCheck(
        "unused-column",
        "Columns of a table that the pipeline does not know are not used.",
        "a column 'age'",
        "'options: {columns: {their name: our name}}' names a column",
        "warning",
    ),
    InputCheck(
        "unused-rating",
        "Every utterance that the table of the option 'ratings' rates is in the table of recordings.",
        "the raters' table of a whole corpus, of which only some recordings are used",
        "nothing is to be done where those recordings are not wanted",
        "warning",
    ),
    InputCheck(
        "repeated-row",
        "A row that says the same as an earlier one counts once.",
        "a table that was appended to itself",
        "remove the rows from the table",
        "warning",
    ),
    InputCheck(
        "path-spelling",
        "A path that differs from the file's name only in case, kinds of spaces, or composed and decomposed letters "
        "means that file.",
        "Zoë.wav with e and ¨ as two characters, as macOS writes it",
        "write the path as the disk has it",
        "warning",
    ),
    InputCheck(
        "overlap",
        "No moment of a recording is in train and in test, by start and end of the rows or by sound.",
        "windows of 2 s that begin every second, dealt out at random",
        "'leaks: [audio]' of the protocol declares it, and 'exclude' leaves utterances out",
    ),
    InputCheck(
        "opposite-phase",
        "The mean over the channels has at least a tenth of the power that unrelated channels would leave.",
        "a microphone cable with two wires exchanged: the second channel is the first times -1",
        "'channel: best' or 'channel: left' reads one channel, 'allow: [opposite-phase]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "clipped",
        "At most 0.1 % of the samples stand at the largest or smallest value or at full scale, three or more in a row.",
        "the gain was too high: 3 % of the samples are 32767 or -32768",
        "'exclude' leaves such utterances out",
        "warning",
    ),
    InputCheck(
        "offset",
        "The mean of the samples is below 1 % of full scale, and not above the level of the sound.",
        "a sound card whose zero is at 0.1",
        "a high-pass filter removes it, such as 'sox IN OUT highpass 20'; 'exclude' leaves such utterances out",
        "warning",
    ),
    InputCheck(
        "above-full-scale",
        "No sample exceeds twice full scale, which is 1.",
        "a WAV of floats from -32768 to 32767",
        "divide the samples by 32768; 'exclude' leaves such utterances out",
        "warning",
    ),
    InputCheck(
        "level",
        "The level of every utterance is within 30 dB of the corpus's median.",
        "a recording with the microphone's pad switched on",
        "bring the recordings to one level; 'exclude' leaves such utterances out",
        "warning",
    ),
    InputCheck(
        "silent-channel",
        "No channel is 60 dB or more below the loudest.",
        "a mono microphone on the left channel of a stereo recorder: the mean over the channels has half its level",
        "'channel: best' reads the channel with the speech",
        "warning",
    ),
    InputCheck(
        "unlike-channels",
        "Two channels have a correlation of at least 0.2.",
        "a call with one person on each channel: their mean has both voices",
        "'channel: best', 'channel: left' or 'channel: right' reads one channel",
        "warning",
    ),
    InputCheck(
        "speech-band",
        "At least a quarter of the power lies between 100 Hz and 4 kHz.",
        "wind, or the hum of the mains, above a quiet voice",
        "a high-pass filter removes what is below, such as 'sox IN OUT highpass 80'; 'exclude' leaves them out",
        "warning",
    ),
    InputCheck(
        "undeclared-sound",
        "Nothing but tags follows the samples that the header of a WAV, AIFF or AU declares.",
        "a recorder ran out of power: its header declares 3.5 s, and 8 s more follow",
        "'sox --ignore-length IN OUT' reads a WAV to its end",
        "warning",
    ),
    InputCheck(
        "other-tracks",
        "A film or container has one track of sound.",
        "a film with a track in English and one in German",
        "'ffmpeg -i IN -map 0:a:1 OUT.wav' writes the second track",
        "warning",
    ),
    InputCheck(
        "gaps",
        "The times of a film's or container's track leave out at most half a second, before its sound or within it.",
        "a call whose recorder writes nothing during silence",
        "'ffmpeg -i IN -af aresample=async=1:first_pts=0 OUT.wav' writes the silence too",
        "warning",
    ),
    InputCheck(
        "no-speech",
        "Something is loud for longer than a click.",
        "a knock on the table, and nothing else",
        "'exclude' leaves such utterances out",
        "warning",
    ),
    InputCheck(
        "silence",
        "Less than a quarter of a corpus's sound is silence before and after the speech.",
        "RAVDESS: 1 s before and 1 s after the sentence, of 3.7 s",
        "'trim: speech' cuts it; 'trim: voice' also cuts sounds that are no voice",
        "warning",
    ),
)
BY_NAME = {check.name: check for check in CHECKS}
ALLOWANCES = tuple(check.name for check in CHECKS if check.outcome == "allow")  # values of the key ``allow``
