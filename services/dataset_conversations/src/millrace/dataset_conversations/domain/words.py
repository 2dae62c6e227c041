"""Words that a cue for a name may be followed by although they are none."""

import re

NO_NAME = re.compile(
    r"a|about|account|after|again|agents?|all|alles?|also|always|amazon|an|and|any(?:one|body)|as|at|back|before|best|big"
    r"|both|but|buena|buenos|by|bye|call|care|chat|company|could|customers?|damen|dear|delivery|desk|did|does|don|each|email"
    r"|even|ever|every(?:one|body)|everything|fast|finally|first|folks|for|friends?|from|garbage|gentlem[ae]n|good|great|grü(?:ß|ss)en?|gru(?:ß|ss)|guys"
    r"|had|has|he|help|her|here|herren|hers|him|his|hotel|how|however|i|ich|if|in|is|it|its|je|just|kunden(?:service)?|la"
    r"|ladies|last|later|les?|live|lo|love|madam|madame|mail|management|manager|me|messieurs|monsieur|my|never|new|nice|no"
    r"|nobody|none|not|nothing|now|of|office|on|once|one|only|or|order|other|our|out|people|person|phone|please|poor|product"
    r"|really|refund|sales|seller|señor(?:a|es)?|service|she|shipping|shop|sirs?|so|some(?:one|body)|sorry|staff|still"
    r"|store|such|support|sure|team|thanks?|that|the|their|them|then|there|these|they|thing|this|those|to|today|too|two|und"
    r"|until|update|us|van|very|was|we|website|well|were|what|when|where|which|who|whom?|why|will|with|without|world|would"
    r"|yes|yet|you|your|zusammen|your?self|agent|tout|tous|todos?|equipo|équipe|muchas|muy|clean|coffee|muscle|martens?"
    r"|pepper|potato|bean|kund(?:e|in)|mitarbeiter(?:in)?|clients?|clientes?|users?|bot|system|operator|assistant|advis[eo]r|rep"
    r"|representative|visitor|guest|buyer|owner|waiter|waitress|server|driver|pros|cons|note|edit|sizes?|fit|colou?rs?"
    r"|material|quality|value|comfort|style|question|answer|re|subject|date|sent|cc|time|name|address|tel|q",
    re.IGNORECASE,
)
"""What stands where a name might, or follows one in a text all in capitals; with brands that begin with a title."""

ORDINARY_NAMES = re.compile(
    r"april|august|autumn|baker|best|bill|black|blue|bob|brown|carter|chance|christian|cook|crystal|"
    r"daisy|dale|dawn|day|dean|drew|faith|fisher|frank|gene|gold|good|grace|grant|gray|green|grey|"
    r"heather|holly|hope|hunter|iris|ivy|jack|jade|june|joy|king|lane|large|laurel|lily|little|"
    r"long|love|mark|may|miles|mini|new|old|olive|page|park|pat|penny|porter|price|rich|rob|rose|"
    r"ruby|sandy|scarlet|short|silver|small|smart|star|stone|sue|summer|taylor|van|victor|violet|"
    r"walker|weiß|weiss|white|will|winter|wood|wolf|young|groß|gross|klein|koch|lang|kurz|neu|"
    r"jung|schwarz|roth|blanc|petit|grand|rouge|leblanc|noir|rojo|blanco",
    re.IGNORECASE,
)
"""Parts of names that are words of their own."""

NOT_HERE = (
    r"absolutely|accessories|almost|ambiance|amazing|americans?|anything|apparently|atmosphere|attached|australian|average"
    r"|awesome|awful|bad|bargains?|beautiful|beginners?|being|beer|boring|boss|boys?|breakfast|british|broken|brother"
    r"|bought|brunch|busty|came|canadian|cheap|chef|children|choices?|citizen|clear(?:ly)?|click|clothes|clothing|cold"
    r"|collectors?|come|comfortable|comfy|complaints?|confused|crowded|curvy|dad|daughter|decent|definitely|delicious"
    r"|designer|dinner|disappointed|disappointing|doctor|down|drinks?|dutch|early|eat|eating|either|elsewhere|employees?"
    r"|engineer|english|enjoy|enter|enthusiast|especially|ever|exactly|excellent|expensive|experience|experts?|families"
    r"|family|fans?|fantastic|farmer|father|favou?rites?|feedback|feel|few|fine|fish|food|found|french|fresh|frustrated|fun"
    r"|gamer|german|get|girls?|go|going|gone|grandma|grandmother|grandpa|greetings|happy|hard|hate|hated|hidden|high"
    r"|homeowner|hop|horrible|hot|hours|hundreds|husband|included|indian|irish|issues?|italian|items?|japanese|join|keep"
    r"|kids?|lady|large|lawyer|less|like|liked|listed|little|living|locals?|located|long|longtime|look|looking|lots?|loved"
    r"|lovers?|low|lunch|maybe|meals?|meat|medium|members?|men|mexican|mistakes?|mom|mommy|moms|money|more|mother|most|mum"
    r"|mummy|music|much|needed|neither|newbies?|newcomer|newly|nor|normal|normally|nothing|nurse|obviously|often|ok|okay"
    r"|ordered|options?|outstanding|over|overall|overpriced|own|parents?|parking|patient|perfect|petite|photographer|pictured"
    r"|pizza|places?|plenty|plus|portions|posted|posting|presents?|prices?|pricing|probably|problems?|professional|purchased"
    r"|put|quick|quiet|rarely|read|readers?|recommended|regulars?|residents?|returned|returning|reviewers?|reviews?|right"
    r"|runner|sad|safe|same|sauce|save|scam|see|seen|selection|senior|shipped|shoes|shop|shoppers?|shopping|short|shown"
    r"|sign|simple|simply|single|sister|skip|slow|small|sold|solid|somewhere|son|soon|spanish|spend|spotted|start|stay"
    r"|step|stop|straight|students?|stuck|subscribers?|super|surprised|sushi|swedish|tall|tasty|teachers?|tech|terrible|these"
    r"|thousands|three|time|tiny|top|total|tourists?|traveller|traveler|true|truly|try|typically|typo|under|unhappy|up"
    r"|upset|usually|value|variety|vegan|vegetarian|veteran|visited|visiting|visitors?|wait|waiting|walk|warm|waste|watch"
    r"|weird|went|wife|wine|winner|woman|women|wonderful|workers?|working|worst|worth|writer|wrong|years?|yummy|zero|man|guy"
    r"|couple|somebody|half|deal|deals|quite|pretty|pictures?|photos?|links?|details|information|answers|questions"
    r"|satisfied|impressed|annoyed|angry|worried|grateful|excited|curious|desperate|lost|born|raised|married"
)
"""What stands before "here" where a sentence begins, as a pattern."""
