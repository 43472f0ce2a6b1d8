"""Words of the demo data, and the countries of customers."""

from dataclasses import dataclass
from decimal import Decimal

FIRST_NAMES = (
    "Aase", "Anders", "Åse", "Bjørn", "Camilla", "Ditte", "Ebbe", "Élodie", "Freja", "Gösta", "Hanne", "Håkon",
    "Ingrid", "Jørgen", "Karen", "Lærke", "Mette", "Märta", "Niels", "Øyvind", "Pernille", "Rasmus", "Signe", "Søren",
    "Thyra", "Ulla", "Vibeke", "Władysław", "Xenia", "Þóra",
)  # fmt: skip
LAST_NAMES = (
    "Aagaard", "Andersen", "Bæk", "Bjerre", "Christensen", "Dahl", "Ekström", "Frandsen", "Grønbæk", "Højgaard",
    "Iversen", "Jensen", "Kjær", "Lindqvist", "Møller", "Nygård", "O'Connor", "Østergaard", "Poulsen", "Rask",
    "Skov", "Sørensen", "Thygesen", "Vestergaard", "Wójcik", "Çelik", "Åkesson", "Ågård", "Zachariassen",
)  # fmt: skip
PLACES = (
    "Birke", "Blåbær", "Bøge", "Dyne", "Ege", "Fjeld", "Fyr", "Glød", "Hav", "Hede", "Høst", "Isbjørn", "Klit", "Kyst",
    "Lyng", "Måge", "Nord", "Pile", "Ravn", "Skær", "Sol", "Stjerne", "Strand", "Sø", "Tårn", "Ulve", "Vest", "Ærø",
    "Øst", "Å",
)  # fmt: skip
ENDINGS = (
    "bakken", "borg", "bro", "dal", "gaard", "havn", "holm", "huset", "kilde", "lund", "mark", "næs", "skov", "sund",
    "torp", "vang", "vig", "værk", "ø", "ås",
)  # fmt: skip
TRADES = (
    "Arkitekter", "Auto", "Bageri", "Biograf", "Bolig", "Bryggeri", "Byg", "Cykler", "Data", "Design", "El", "Energi",
    "Fiskeri", "Fragt", "Gartneri", "Hotel", "Kaffe", "Klinik", "Logistik", "Maskiner", "Møbler", "Net", "Papir",
    "Regnskab", "Rengøring", "Skole", "Smedje", "Teater", "Tømrer", "Vin",
)  # fmt: skip
# Names that break careless quoting, escaping or byte counting.
ODD_NAMES = (
    'Brødrene "Kaj & Bo" Sørensen I/S', "Café 'Æ' <under 100%_rabat>", "C:\\Data\\Arkiv ApS", "Is & Sol 🍦☀️ ApS",
    "Grüße & Söhne GmbH; DROP TABLE kunder;--", "Zoës «Blå» Værksted", "{Tuborg} [Klamme] $1 ApS", "Ωμέγα Import",
)  # fmt: skip
STREETS = (
    "Algade", "Birkevej", "Bøgealléen", "Engvej", "Fjordgade", "Havnegade", "Kirkestræde", "Møllevej", "Nørregade",
    "Skolegade", "Strandvejen", "Søndergade", "Torvet", "Vestergade", "Østerbrogade", "Ågade",
)  # fmt: skip
DEPARTMENT_NAMES = (
    "Administration", "Bogholderi", "Drift", "Indkøb", "It-afdeling", "Kundeservice", "Køkken", "Lager", "Ledelse",
    "Marketing", "Personale", "Salg", "Teknik", "Udvikling", "Værksted", "Økonomi",
)  # fmt: skip
NOTES = (
    "Ring før levering.", "Vil have fakturaen som PDF.", "Betaler altid til tiden 👍", "Forhandler rabat hvert år i maj.",
    'Siger selv "bare kom forbi".\nIndgang fra gården.', "Flyttet fra det gamle system; se arkivet\\2023.",
)  # fmt: skip
ODD_METADATA = (
    ('a "quoted" key', 'a "quoted" value'), ("back\\slash", "C:\\temp\\new"), ("emoji 🎉", "🇩🇰🧾"),
    ("k" * 128, "the longest key there may be"), ("æøå", "ÆØÅ"), ("spaces  inside", "  kept  "),
)  # fmt: skip
SEGMENTS = ("small", "medium", "large", "enterprise", "public")
REGIONS = ("Hovedstaden", "Sjælland", "Syddanmark", "Midtjylland", "Nordjylland", "Udland")
PRODUCTS = (
    "Fibernet 500", "Fibernet 1000", "Hosting", "Bogføring", "Lønsystem", "Kasseapparat", "Support, guld", "Support, sølv",
    "Telefoni", "Sikkerhedskopi", "Domænepakke", "Alarm & vagt",
)  # fmt: skip
PRICES = tuple(
    Decimal(price) for price in ("0.00", "49.00", "99.99", "149.00", "300.00", "495.50", "1250.00", "8900.00")
)
CREDIT_LIMITS = tuple(Decimal(limit) for limit in ("0.00", "5000.00", "25000.00", "100000.00", "999999.99"))
DISCOUNTS = tuple(Decimal(discount) for discount in ("0.00", "2.50", "5.00", "7.25", "10.00", "12.50", "33.33"))
GROUP_NAMES = (
    "Erhverv", "Privat", "Offentlig", "Forhandlere", "Foreninger", "Skoler", "Sundhed", "Nøglekunder", "Udland, EU",
    "Udland, øvrige", "Personale", "Ophørte",
)  # fmt: skip
ACCOUNT_NAMES = (
    "Salg af varer",
    "Salg af ydelser",
    "Abonnementer",
    "Opsætning",
    "Fragt",
    "Gebyrer",
    "Rabatter",
    "Øreafrunding",
)
MARKETS = ("DK", "EU", "Norge", "øvrige lande", "uden moms")


@dataclass(frozen=True, slots=True)
class Country:
    """A country with the formats of its addresses, phone numbers and VAT numbers."""

    code: str
    currency: str
    calling_code: str
    vat_prefix: str
    vat_digits: int
    forms: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    in_eu: bool = True


COUNTRIES = {
    country.code: country
    for country in (
        Country("DK", "DKK", "+45", "DK", 8, ("A/S", "ApS", "I/S", "P/S"), (
            ("1050", "København K"), ("2200", "København N"), ("3700", "Rønne"), ("4000", "Roskilde"), ("5000", "Odense C"),
            ("5970", "Ærøskøbing"), ("6700", "Esbjerg"), ("7100", "Vejle"), ("8000", "Aarhus C"), ("9000", "Aalborg"),
            ("9990", "Skagen"),
        )),
        Country("SE", "SEK", "+46", "SE", 12, ("AB", "HB"), (
            ("111 29", "Stockholm"), ("211 34", "Malmö"), ("411 06", "Göteborg"), ("753 10", "Uppsala"), ("972 31", "Luleå"),
        )),
        Country("FI", "EUR", "+358", "FI", 8, ("Oy", "Oyj"), (("00100", "Helsinki"), ("20100", "Turku"), ("53100", "Lappeenranta"))),
        Country("DE", "EUR", "+49", "DE", 9, ("GmbH", "AG", "KG"), (("24937", "Flensburg"), ("50667", "Köln"), ("80331", "München"))),
        Country("PL", "PLN", "+48", "PL", 10, ("Sp. z o.o.",), (("80-831", "Gdańsk"), ("90-001", "Łódź"))),
        Country("NO", "NOK", "+47", "NO ", 9, ("AS", "ASA"), (("0150", "Oslo"), ("5003", "Bergen"), ("8006", "Bodø")), in_eu=False),
        Country("GB", "GBP", "+44", "GB", 9, ("Ltd", "plc"), (("EC1A 1BB", "London"), ("EH1 1YZ", "Edinburgh")), in_eu=False),
    )
}  # fmt: skip

_PLAIN = str.maketrans(
    {
        "æ": "ae",
        "ø": "oe",
        "å": "aa",
        "ä": "ae",
        "ö": "oe",
        "é": "e",
        "ł": "l",
        "ó": "o",
        "ç": "c",
        "þ": "th",
        "'": "",
        " ": "-",
    }
)


def ascii_form(text: str) -> str:
    """Return a text in the form that email and web addresses allow."""
    return text.lower().translate(_PLAIN)
