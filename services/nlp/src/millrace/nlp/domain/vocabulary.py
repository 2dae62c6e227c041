"""Words as topics and phrases count them."""

import re
from collections.abc import Iterator

from millrace.nlp.domain.cues import words

_NEGATIONS = (
    "no not never nothing don't doesn't didn't won't wouldn't can't couldn't isn't wasn't aren't weren't hasn't "
    "haven't hadn't shouldn't cannot without dont doesnt didnt wont cant isnt wasnt"
)
NEGATIONS = frozenset(_NEGATIONS.split())
"""Words that turn round what follows."""

_STOP_WORDS = """
    a about above after again against ago all almost along already also although always am among an and another any
    anyone anything anyway are around as at away back be became because been being before behind below best better
    between bit both can but by came come comes could did do does doing done down during each either else enough etc
    even ever every everyone everything except far few first for found from get gets getting give given gives go
    goes going gone got had has have having he he's her here here's hers herself him himself his how however i i'd
    i'll i'm i've if in inside instead into is it it'd it'll it's its itself just keep kept kind know knew last
    least left less let let's like liked little long looked looking looks lot lots made make makes making many may
    maybe me might mine more most much must my myself near need needed needs next nor now of off often on once one
    ones only onto or other others otherwise our ours ourselves out outside over own people per perhaps place put
    puts quite rather really right said same saw say says see seem seemed seems seen several shall she she's should
    since so some someone something sometimes somewhat soon still stuff such sure take taken takes taking than that
    that's the their theirs them themselves then there there's these they they'd they'll they're they've thing
    things think this those though thought through thus time times to today together told too took toward towards
    tried try trying two under until up upon us use used using usually very via want wanted wants was way ways we
    we'd we'll we're we've well went were what what's when where whether which while who who's whole whom whose why
    will with within would yes yet you you'd you'll you're you've your yours yourself re ve ll im ive id bc lol omg
    imo oh ok okay please thank thanks hi hello dear extremely totally absolutely completely definitely super pretty
    especially actually basically literally truly probably exactly simply nearly slightly highly fairly overall
    unfortunately sadly luckily
"""
STOP_WORDS = NEGATIONS | frozenset(_STOP_WORDS.split())
"""Words that name nothing by themselves."""

_TONE_WORDS = """
    love loved loves loving great good nice amazing awesome excellent perfect perfectly beautiful beautifully wonderful
    fantastic gorgeous lovely favorite favourite happy glad bad terrible horrible awful poor disappointed disappointing
    disappointment worst hate hated recommend recommended worth fabulous adorable incredible stunning pleased impressed
    enjoy enjoyed buy bought ordered order purchase purchased received item product day days week month year years
"""
TONE_WORDS = frozenset(_TONE_WORDS.split())
"""Words that feedback on anything uses: they tell its tone, not its subject."""

_FILLERS = """
    shop company number pair piece able absolute actual add added allow allowed annoying appear appeared appears
    arrive arrived arrives ask asked asking asks available avoid bad bring brings brought call called calling calls
    care catch caught change changed changes check checked cheap choose chose clean clear close closed cold come
    complete contact cool correct covered cut deal decide decided deliver delivered describe described different
    difficult dirty disappoint done dress dressed drop dropped early easily easy eat ending entire exact expect
    expected expecting extra fast fell felt feel feeling feels fill finally fine finish finished fit fits fix fixed
    fly fresh friendly full funny gave giving glad hang hard hear heard help helped helpful hold holds honest
    honestly hope hoped hoping hot huge hurt impressive include included interesting keep keeping kept knew knows
    large late later lay lays learn leave leaves left likely live lived loose lose lost loud lovely main match
    matches matter mean means meet mention mentioned miss missed missing mistake move moved normal notice noticed
    obvious odd opened original particular pay paid pass perfect pick picked plain possible prefer probably produce
    promise promised provide pull push quick quickly quiet read ready real reach receive recent recently refuse
    regular reliable remember rest run running runs sell send sending sent serve served set several short show
    showed shows similar simple sit sits slow small sold sort sound speak spend spent stand start started stay
    stayed stop stopped straight strange strong sudden suddenly suggest surprised tell telling tells thin thick
    tight top total totally turn turned turns typical unhappy usual usually visited wait waited waiting walk walked
    wear wearing weird whole wide wish wishes wonder wonderful wont wore work worked working works worried write
    writing written wrong wrote happen happened happening happens elsewhere happier third second row ten zero star
    stars experience choice opinion thought thoughts reason reasons kind type fact example idea end middle beginning
    moment hour hours minute minutes today tomorrow yesterday tonight nobody anybody everybody somebody customer
    customers guy guys man woman husband wife sister brother mother mum mom dad father friend friends daughter son
    family
"""
FILLERS = frozenset(_FILLERS.split())
"""Words that feedback is full of and that say by themselves not what it is about; within a longer phrase they may."""

_DETERMINERS = """
    a an the my your our their his her its this these those no any some each every another of with for in on at from
    about by without more many few several both free
"""
DETERMINERS = frozenset(_DETERMINERS.split())
"""Words that a noun follows, sooner or later."""

PSEUDONYM = re.compile(r"\[[A-Z]+_\d+\]")
"""What masking leaves in the place of something personal."""

_BREAK = re.compile(r"[^\s\-'\u2019]")


def content_words(text: str) -> list[str]:
    """The words that name something: no stop words, numbers, single letters or pseudonyms."""
    spoken = words(PSEUDONYM.sub(" . ", text))
    return [word.text for word in spoken if names_something(word.text)]


def subject_words(text: str) -> list[str]:
    """The words that may name what a unit is about, each once, in order."""
    return [word for word in dict.fromkeys(content_words(text)) if word not in TONE_WORDS]


def names_something(word: str) -> bool:
    """Whether a word may stand for a subject."""
    return len(word) > 1 and word not in STOP_WORDS and not word[0].isdigit()


def clauses(text: str) -> Iterator[list[str]]:
    """Runs of words between punctuation marks."""
    text = PSEUDONYM.sub(" . ", text)
    run: list[str] = []
    end = 0
    for word in words(text):
        if run and _BREAK.search(text, end, word.start):
            yield run
            run = []
        run.append(word.text)
        end = word.end
    if run:
        yield run


def stem(word: str) -> str:
    """The word without its plural or third-person ending (the S-stemmer of Harman 1991)."""
    if len(word) < 4 or word.endswith(("us", "ss", "is")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
