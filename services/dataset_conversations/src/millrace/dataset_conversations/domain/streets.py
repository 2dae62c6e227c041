"""How streets are written: number first (English, French), name first (German, Dutch, Spanish, Italian).

Every pattern is tried at a number of the text, and never searched for: a text without digits costs nothing.
"""

import re

_CAP = r"[A-ZÀ-ÖØ-Þ](?:[\w'\u2019.-]*\w)?"
_ENDS = r"(?=[ ]?(?:[.,;:!?)\n]|\Z))"
_AND = r"(?:de la|de los|de las|de|del|des|du|dei|delle|della|degli|di|la|las|los|les|le|el|aux?|sur|sous|en|et|y)"
_ELIDED = r"(?:[ldLD]['\u2019])"

STATE = (
    r"(?:A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[DLNA]|K[SY]|LA|M[EDAINSOT]|N[EVHJMYCD]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[TA]"
    r"|W[AVIY])"
)
UK_POSTCODE = r"[A-PR-UWYZ][A-HK-Y]?\d[\dA-HJKPSTUW]?[ ]?\d[ABD-HJLNP-UW-Z]{2}\b"
"""Royal Mail: area, district, sector and unit."""

ENGLISH = re.compile(
    r"(?P<core>\d{1,5}[a-zA-Z]?(?:[-/]\d{1,5})?,?[ ](?:(?:[NSEW]|NE|NW|SE|SW)\.?[ ])?"
    r"(?P<name>(?:(?:[A-Za-zÀ-ÿ][\w'\u2019.-]*|\d{1,3}(?:st|nd|rd|th))[ ]){0,3}?"
    r"(?:[A-Za-zÀ-ÿ][\w'\u2019.-]+|\d{1,3}(?:st|nd|rd|th)))[ ]"
    r"(?i:(?P<plain>street|avenue|road|lane|boulevard|crescent|terrace|parkway|blvd|pkwy|ave|rd|cres|st)"
    r"|(?P<vague>drive|court|place|square|way|close|circle|trail|row|mews|gardens|grove|hill|walk|wharf|park|highway|ln|dr"
    r"|ct|pl|sq|cir|hwy))\b(?![ ](?i:street|avenue|road|lane|boulevard|drive|court|place|ave|rd|st|blvd|ln|dr)\b)\.?"
    r"(?:[ ](?:[NSEW]|NE|NW|SE|SW)\b\.?)?)"
)
ENGLISH_UNIT = re.compile(
    r",?[ ](?:(?i:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm)\b\.?[ ]?|#[ ]?)[A-Za-z]?\d[\w-]{0,4}\b"
)
ENGLISH_TOWN = re.compile(
    rf"(?:,[ ]?|[ ]|\n)(?:{_CAP}(?:[ ]{_CAP}){{0,2}},?[ \n]{{1,2}})?(?:{STATE}[ ]\d{{5}}(?:-\d{{4}})?\b|{UK_POSTCODE})"
    rf"|,[ ]?{_CAP}(?:[ ]{_CAP}){{0,2}}(?:,[ ]{STATE}\b)?{_ENDS}"
)
ENGLISH_POSTED = re.compile(rf"(?:{STATE}[ ]\d{{5}}|{UK_POSTCODE})")
FLAT_BEFORE = re.compile(r"(?i:flat|apartment|apt|unit|suite)\.?[ ]?#?\w{1,4},?[ ]\Z")
NOT_A_STREET = re.compile(
    r"[ ](?:style|food|wear|clothes|fashion|art|view|price|level|team|vendors?|market|smart|legal|shoes?|dance"
    r"|party|clothing)\b",
    re.IGNORECASE,
)

FRENCH = re.compile(
    r"(?P<core>\d{1,4}(?:[ ]?(?:bis|ter|quater)|[a-d](?=[, ]))?,?[ ]"
    rf"(?:(?:rue|avenue|av\.|boulevard|bd\.?|blvd\.?|chemin|allées?|impasse|ruelle|sentier|faubourg|quai)[ ]"
    rf"(?:{_AND}[ ]|{_ELIDED}){{0,2}}[^\W\d_][\w'\u2019.-]*|Rue[ ](?:{_AND}[ ]|{_ELIDED}){{0,2}}{_CAP}"
    rf"|(?i:avenue|boulevard|chemin|impasse|quai|allée)[ ](?:{_AND}[ ]|{_ELIDED}){{1,2}}{_CAP}|(?i:place|pl\."
    rf"|route|rte|cours|square|passage|esplanade)[ ](?:{_AND}[ ]|{_ELIDED}){{1,2}}{_CAP})"
    rf"(?:[ -](?:{_AND}[ ]|{_ELIDED}){{0,2}}{_CAP}){{0,3}})"
)
FRENCH_TOWN = re.compile(
    rf"(?:,[ ]?|[ ]|\n)(?:F-|B-|CH-)?\d{{4,5}}[ ]{_CAP}(?:[ -]{_CAP}){{0,3}}(?:[ ](?i:cedex)(?:[ ]\d{{1,2}})?)?"
    rf"|,?[ ]à[ ]{_CAP}{_ENDS}|,[ ]?{_CAP}(?:-{_CAP}){{0,2}}{_ENDS}"
)

GERMANIC_ENDS = (
    "straße", "strasse", "str.", "str", "gasse", "allee", "damm", "ufer", "chaussee", "promenade", "straat", "laan",
    "gracht", "kade", "dijk", "singel", "plein", "steeg", "dreef",
)  # fmt: skip
GERMANIC_VAGUE = (
    "weg",
    "platz",
    "ring",
    "hof",
    "markt",
    "steig",
    "pfad",
    "berg",
    "wall",
    "graben",
    "stieg",
    "pad",
    "tor",
)
"""Ends of street names that are ends of other words too: `Arbeitsweg 20 Minuten`."""
GERMANIC_NAME = re.compile(
    r"(?:(?:(?<!\w)[A-ZÄÖÜ][\wäöüßé'.-]*[ -]){1,3}(?=(?i:straße|strasse|str\b|gasse|allee|damm|ufer|chaussee"
    r"|promenade|weg"
    r"|platz|ring|hof|markt|wall|graben))|(?<![\w'-])(?=\w))[\wäöüßé'-]*"
    r"(?i:straße|strasse|str\.?|gasse|allee|damm|ufer|chaussee|promenade|straat|laan|gracht|kade|dijk|singel|plein|steeg"
    r"|dreef|weg|platz|ring|hof|markt|steig|pfad|berg|wall|graben|stieg|pad|tor)[ ]?\Z"
)
GERMANIC_NUMBER = re.compile(
    r"\d{1,4}(?:[ ]?[a-zA-Z]\b)?(?:[ ]?[-/][ ]?\d{1,4}[a-z]?)?(?![\w%€])"
    r"(?![ ]?(?:stunden?|minuten?|min|std|stück|tagen?|tage?|wochen?|monate?n?|jahren?|jahre?|euro|eur|mal|km|cm"
    r"|m|kg|x|uhr"
    r"|sternen?|paar|personen|leuten?|uur|minuten|dagen|keer|weken|jaar|maanden)\b|[ ]?[%€]|[.,]\d)",
    re.IGNORECASE,
)
GERMANIC_TOWN = re.compile(
    rf"(?:,?[ ]\d{{1,2}}\.[ ](?:Stock|OG|Etage))?(?:(?:,[ ]?|[ ]|\n)(?:D-|DE-|A-|CH-)?\d{{4,5}}[ ](?!SA|SS"
    rf"|SD)(?:[A-Z]{{2}}[ ])?{_CAP}"
    rf"(?:[ ](?:am|an der|im|bei)[ ]{_CAP}|[ ]{_CAP})?|(?:,[ ]?|[ ])\d{{4}}[ ]?[A-Z]{{2}}\b|,[ ]?{_CAP}{_ENDS})"
)

ROMANCE_HINT = re.compile(
    r"\b(?:calle|c/|av|plaza|pza|paseo|camino|carretera|ctra|ronda|rambla|travesía|glorieta|via|v\.le|piazza|corso|largo"
    r"|vicolo|strada|lungo|rua)",
    re.IGNORECASE,
)
"""Far cheaper than the pattern of the whole name."""
ROMANCE_NAME = re.compile(
    r"(?<!\w)(?P<kind>calle|c/|avenida|avda\.?|av\.|plaza|pza\.?|paseo|camino|carretera|ctra\.?|ronda|rambla|travesía"
    r"|glorieta|viale|v\.le|piazza|piazzale|corso|vicolo|lungo\w+|(?P<vague>via|largo|strada|rua))[ ]?"
    rf"(?P<name>(?:(?i:{_AND}|san|santa|santo)[ ]|{_ELIDED}){{0,3}}(?P<first>[^\W\d_][\w'\u2019.-]*)"
    rf"(?:[ ](?:(?i:{_AND})[ ]|{_ELIDED}){{0,2}}[^\W\d_][\w'\u2019.-]*){{0,3}})(?P<comma>,?)[ ]"
    r"(?:(?i:n\.?[º°o]?\.?|núm\.?|número|numero|nº)[ ]?)?\Z",
    re.IGNORECASE,
)
ROMANCE_NUMBER = re.compile(
    r"\d{1,4}(?:[ ]?[a-zA-Z]\b|/[a-zA-Z0-9]{1,3}\b)?(?![\w%€])"
    r"(?![ ]?(?:veces|vez|días?|dias|horas?|minutos?|euros?|meses|años|semanas|giorni|volte|ore|minuti|anni|mesi"
    r"|settimane"
    r"|km|cm|m|kg|times|days?|hours?|weeks?|minutes?|x)\b|[ ]?[%€]|[.,]\d)",
    re.IGNORECASE,
)
ROMANCE_TOWN = re.compile(
    rf"(?:,[ ]?\d{{1,2}}[ºª°](?:[ ]?[A-Za-z]\b)?)?(?:(?:,[ ]?|[ ]|\n|[ ]-[ ])(?:I-"
    rf"|E-)?\d{{4,5}}[ ]{_CAP}(?:[ ](?:(?:de|del|la)[ ])?{_CAP}){{0,2}}"
    rf"|,[ ]?{_CAP}{_ENDS}|(?=,[ ]?\d{{1,2}}[ºª°])|(?<=[ºª°])|(?<=[ºª°][ ][A-Za-z]))"
)
VIA_NAME = re.compile(rf"Via[ ](?!Spiga\b)(?:{_AND}[ ]){{0,2}}(?:[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ]+[ ]){{1,3}}\Z")
VIA_BEFORE = re.compile(r"\b(?:at|to|from|near|presso|da|di|a)[ ]\Z")
VIA_END = re.compile(_ENDS)
"""An Italian street by its looks, at the end of its clause or behind a word for a place: `via` and `PayPal` look
otherwise. Via Spiga is a brand of shoes, and the street is Via della Spiga."""
ROMANCE_POSTED = re.compile(rf"(?:,[ ]?|[ ]|\n|[ ]-[ ])\d{{5}}[ ]{_CAP}")

CUE = re.compile(
    r"(?:\b(?:(?:lives?|lived|living|reside[sd]?|located|house|home|flat|stay(?:ed|ing)?)[ ](?:at|on|in)"
    r"|address(?:[ ](?:is|was))?"
    r"|(?:deliver\w*|ship\w*|sen[dt]|posted?|moved?|move|come|came|return\w*)(?:[ ](?:it|them|this|everything"
    r"|the parcel))?"
    r"[ ](?:to|at)|adresse(?:[ ](?:ist|est|lautet))?|anschrift|wohn\w*(?:[ ](?:in|an|im|am))?(?:[ ](?:der|dem))?"
    r"|geliefert an|nach|dirección(?:[ ]es)?"
    r"|direccion|vivo en(?:[ ]la)?|domicilio(?:[ ]en)?|en la|habite(?:[ ]au)?|livré au|domicilié au"
    r"|indirizzo(?:[ ]è)?|abito in|in"
    r"|adres(?:[ ]is)?|woon(?:[ ]op|[ ]aan)?|entrega en(?:[ ]la)?|livraison au))[ ]?:?[ ]?\Z",
    re.IGNORECASE,
)
"""What says directly before a street that one is meant."""
NOT_A_NUMBER_OF_A_HOUSE = re.compile(
    r"(?:\b(?:sizes?|qty|quantity|order|item|no|nr|number|model|version|class|top|ref|since|until|from|of|for|about|only|over"
    r"|under|than|nearly|almost|after|before|another|grade|level|talla|taille|größe|maat|taglia)\.?[ ]|[$€£#@])\Z",
    re.IGNORECASE,
)
YEAR = re.compile(r"(?:19|20)\d\d\Z")
YEAR_BEFORE = re.compile(
    r"\b(?:in|by|since|until|of|from|im|seit|en|depuis|desde|nel|dal|mei|may|march|june|july)[ ]\Z", re.IGNORECASE
)

POST_BOX_BEFORE = re.compile(
    r"\b(?:P\.?[ ]?O\.?[ ]?Box|Post Office Box|Postfach|Postbus|Apartado(?: de correos| postal)?|Casella postale"
    r"|Boîte postale"
    r"|B\.P\.|Caixa postal)[ ]?(?:n\.?[º°]?[ ]?|no\.?[ ]?|#)?\Z",
    re.IGNORECASE,
)
POST_BOX_NUMBER = re.compile(r"\d{1,6}(?:[ ]\d{1,3}){0,2}\b")
POST_BOX_TOWN = re.compile(
    rf"(?:,[ ]?|[ ]|\n)(?:(?:D-|A-|CH-|F-)?\d{{4,5}}[ ]{_CAP}(?:[ -]{_CAP})?"
    rf"|{_CAP}(?:[ ]{_CAP}){{0,2}},?[ ]{STATE}[ ]\d{{5}}(?:-\d{{4}})?\b)"
)
US_TOWN_BEFORE = re.compile(rf"(?<!\w)(?P<town>{_CAP}(?:[ ]{_CAP}){{0,2}}),?[ ]{STATE}[ ]\Z")
US_ZIP = re.compile(r"\d{5}(?:-\d{4})?\b(?![-.,]?\d)")
UK_WHOLE = re.compile(UK_POSTCODE)
UK_TOWN_BEFORE = re.compile(rf"(?:(?<!\w)(?P<town>{_CAP}(?:[ ]{_CAP}){{0,2}}),?[ ]|\bpost ?code(?: is|:)?[ ])\Z")
NO_TOWN = re.compile(r"(?i:sizes?|model|ref|order|item|code|sku|part|type|no|version|in|the|a|i|colou?r|number)")
TOWN_CODE = re.compile(rf"\d{{5}}[ ]{_CAP}(?:[ -]{_CAP})?")
TOWN_CODE_CUE = re.compile(
    r"(?:\b(?:wohn\w*|lebe|zuhause|zu hause|vivo|habite|abito|woon|adresse|address|dirección|indirizzo"
    r"|domicilio)\b[^.\n]{0,25}[ ]"
    r"|\b(?:plz|postleitzahl|code postal|código postal|cap|cp|c\.p\.)[ :]{1,2}|(?<!\w)(?:D|DE|F|A|CH|I|E)-)\Z",
    re.IGNORECASE,
)
ZIP_CUE = re.compile(
    r"\b(?:zip|zip ?code|plz|postleitzahl|code postal|código postal|postcode)(?:[ ](?:is|ist|est|es))?[ :]{1,2}\Z",
    re.IGNORECASE,
)
