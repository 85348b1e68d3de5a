"""Closed lists that entries choose from: what they are, how open they are, categories of data, languages, countries."""

from __future__ import annotations

from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry describes."""

    DATASET = "dataset"
    TWIN = "twin"
    MODEL = "model"
    ALGORITHM = "algorithm"


class AccessRights(StrEnum):
    """How open it is, as HealthDCAT-AP divides; most data of patients are non-public."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    NON_PUBLIC = "non_public"


class HealthCategory(StrEnum):
    """The categories of Article 51(1), points (a) to (q), under the codes of HealthDCAT-AP's list.

    Source : Regulation (EU) 2025/327; HealthDCAT-AP release 8, vocabulary "healthcategories".
    """

    EHRS = "EHRS"
    DIOH = "DIOH"
    NRPE = "NRPE"
    RPDG = "RPDG"
    HRAD = "HRAD"
    HGPD = "HGPD"
    HPML = "HPML"
    PGEH = "PGEH"
    WELA = "WELA"
    IDHP = "IDHP"
    PHDR = "PHDR"
    MRMR = "MRMR"
    EHCT = "EHCT"
    EMRD = "EMRD"
    RMMD = "RMMD"
    RQSH = "RQSH"
    EINS = "EINS"

    @property
    def article(self) -> str:
        """Where it stands in the Regulation."""
        return f"Article 51(1), point ({'abcdefghijklmnopq'[list(HealthCategory).index(self)]})"

    @property
    def in_words(self) -> str:
        """For people."""
        return _WORDS[self]


_WORDS = {
    HealthCategory.EHRS: "health records (EHRs)",
    HealthCategory.DIOH: "what bears on health: socioeconomic, environmental, behavioural",
    HealthCategory.NRPE: "aggregates on needs, resources, provision, access, spending and financing",
    HealthCategory.RPDG: "pathogens that affect people",
    HealthCategory.HRAD: "administrative data: dispensations, claims, reimbursements",
    HealthCategory.HGPD: "human genetic, epigenomic and genomic data",
    HealthCategory.HPML: "other human molecular data: proteomic, transcriptomic, metabolomic, lipidomic …",
    HealthCategory.PGEH: "generated automatically by medical devices, about a person",
    HealthCategory.WELA: "wellness applications",
    HealthCategory.IDHP: "health professionals: status, specialisation, institution",
    HealthCategory.PHDR: "population-based registries, such as of public health",
    HealthCategory.MRMR: "medical registries and registries of deaths",
    HealthCategory.EHCT: "clinical trials, studies, investigations and performance studies",
    HealthCategory.EMRD: "other data from medical devices",
    HealthCategory.RMMD: "registries of medicines and medical devices",
    HealthCategory.RQSH: "research cohorts, questionnaires and surveys, once published on",
    HealthCategory.EINS: "biobanks and their databases",
}

LANGUAGES = dict(
    pair.split(":")
    for pair in (  # noqa: SIM905 - a list would take a line each
        "bg:BUL ca:CAT cs:CES da:DAN de:DEU el:ELL en:ENG es:SPA et:EST eu:EUS fi:FIN fr:FRA ga:GLE gl:GLG hr:HRV "
        "hu:HUN is:ISL it:ITA lb:LTZ lt:LIT lv:LAV mk:MKD mt:MLT nb:NOB nl:NLD nn:NNO no:NOR pl:POL pt:POR ro:RON "
        "ru:RUS sk:SLK sl:SLV sq:SQI sr:SRP sv:SWE tr:TUR uk:UKR zh:ZHO ja:JPN ar:ARA he:HEB hi:HIN ko:KOR"
    ).split()
)
"""ISO 639-1 -> the code of the European Union's list of languages."""

COUNTRIES = dict(
    pair.split(":")
    for pair in (  # noqa: SIM905 - a list would take a line each
        "AD:AND AE:ARE AF:AFG AG:ATG AI:AIA AL:ALB AM:ARM AO:AGO AQ:ATA AR:ARG AS:ASM AT:AUT AU:AUS AW:ABW AX:ALA "
        "AZ:AZE BA:BIH BB:BRB BD:BGD BE:BEL BF:BFA BG:BGR BH:BHR BI:BDI BJ:BEN BL:BLM BM:BMU BN:BRN BO:BOL BQ:BES "
        "BR:BRA BS:BHS BT:BTN BV:BVT BW:BWA BY:BLR BZ:BLZ CA:CAN CC:CCK CD:COD CF:CAF CG:COG CH:CHE CI:CIV CK:COK "
        "CL:CHL CM:CMR CN:CHN CO:COL CR:CRI CU:CUB CV:CPV CW:CUW CX:CXR CY:CYP CZ:CZE DE:DEU DJ:DJI DK:DNK DM:DMA "
        "DO:DOM DZ:DZA EC:ECU EE:EST EG:EGY EH:ESH ER:ERI ES:ESP ET:ETH FI:FIN FJ:FJI FK:FLK FM:FSM FO:FRO FR:FRA "
        "GA:GAB GB:GBR GD:GRD GE:GEO GF:GUF GG:GGY GH:GHA GI:GIB GL:GRL GM:GMB GN:GIN GP:GLP GQ:GNQ GR:GRC GS:SGS "
        "GT:GTM GU:GUM GW:GNB GY:GUY HK:HKG HM:HMD HN:HND HR:HRV HT:HTI HU:HUN ID:IDN IE:IRL IL:ISR IM:IMN IN:IND "
        "IO:IOT IQ:IRQ IR:IRN IS:ISL IT:ITA JE:JEY JM:JAM JO:JOR JP:JPN KE:KEN KG:KGZ KH:KHM KI:KIR KM:COM KN:KNA "
        "KP:PRK KR:KOR KW:KWT KY:CYM KZ:KAZ LA:LAO LB:LBN LC:LCA LI:LIE LK:LKA LR:LBR LS:LSO LT:LTU LU:LUX LV:LVA "
        "LY:LBY MA:MAR MC:MCO MD:MDA ME:MNE MF:MAF MG:MDG MH:MHL MK:MKD ML:MLI MM:MMR MN:MNG MO:MAC MP:MNP MQ:MTQ "
        "MR:MRT MS:MSR MT:MLT MU:MUS MV:MDV MW:MWI MX:MEX MY:MYS MZ:MOZ NA:NAM NC:NCL NE:NER NF:NFK NG:NGA NI:NIC "
        "NL:NLD NO:NOR NP:NPL NR:NRU NU:NIU NZ:NZL OM:OMN PA:PAN PE:PER PF:PYF PG:PNG PH:PHL PK:PAK PL:POL PM:SPM "
        "PN:PCN PR:PRI PS:PSE PT:PRT PW:PLW PY:PRY QA:QAT RE:REU RO:ROU RS:SRB RU:RUS RW:RWA SA:SAU SB:SLB SC:SYC "
        "SD:SDN SE:SWE SG:SGP SH:SHN SI:SVN SJ:SJM SK:SVK SL:SLE SM:SMR SN:SEN SO:SOM SR:SUR SS:SSD ST:STP SV:SLV "
        "SX:SXM SY:SYR SZ:SWZ TC:TCA TD:TCD TF:ATF TG:TGO TH:THA TJ:TJK TK:TKL TL:TLS TM:TKM TN:TUN TO:TON TR:TUR "
        "TT:TTO TV:TUV TW:TWN TZ:TZA UA:UKR UG:UGA UM:UMI US:USA UY:URY UZ:UZB VA:VAT VC:VCT VE:VEN VG:VGB VI:VIR "
        "VN:VNM VU:VUT WF:WLF WS:WSM YE:YEM YT:MYT ZA:ZAF ZM:ZMB ZW:ZWE"
    ).split()
)
"""ISO 3166-1: two letters -> three, as the European Union's list of countries has them."""

EHDS = "http://data.europa.eu/eli/reg/2025/327/oj"
"""The Regulation itself, as legislation that applies."""
