"""What a column's name says: its words, compared with small vocabularies of several languages."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=[A-Za-z])")
_SEPARATORS = re.compile(r"[^A-Za-z0-9À-ɏͰ-ӿ%]+")


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a column name in lower case: ``BPSysAve`` gives bp, sys, ave; ``patient_nbr`` patient, nbr."""
    return tuple(word.casefold() for part in _SEPARATORS.split(name) for word in _CAMEL.split(part) if word)


def says(name: str, vocabulary: frozenset[str]) -> bool:
    """Whether the name has a word, or is as a whole a word, of ``vocabulary``."""
    found = words(name)
    return not vocabulary.isdisjoint(found) or "".join(found) in vocabulary


def says_pair(name: str, pairs: frozenset[tuple[str, str]]) -> bool:
    """Whether two neighbouring words of the name are one of ``pairs``."""
    found = words(name)
    return any(pair in pairs for pair in itertools.pairwise(found))


def vocabulary(text: str) -> frozenset[str]:
    """The words of ``text``, to compare names with."""
    return frozenset(text.split())


AGE = vocabulary("age ages alter âge edad età eta leeftijd idade wiek ålder alder agegroup agegrp")
SEX = vocabulary("sex gender geschlecht sexe sexo sesso geslacht płeć kön køn male female ismale isfemale")
BIRTH = vocabulary("birth birthdate dob birthday geburtsdatum geboren naissance nacimiento nascita geboortedatum yob")
PLACE = vocabulary(
    "zip zipcode postcode postal plz cp_code city town suburb county region district municipality ort wohnort ville "
    "ciudad state country land pays nation commune canton neighbourhood neighborhood residence lsoa msoa geo location"
)
ORIGIN = vocabulary(
    "race race1 race3 ethnicity ethnic ethnie nationality citizenship language sprache religion ancestry native"
)
SOCIAL = vocabulary(
    "marital education occupation job profession beruf schooling marriage employment workclass relationship"
)
DATE = vocabulary("date datum fecha data datetime timestamp day_of_birth")
PERSON_NAME = vocabulary(
    "surname forename firstname lastname fullname givenname familyname middlename nachname vorname prenom prénom "
    "apellido nombre cognome achternaam voornaam patientname"
)
PERSON_NAME_PAIRS = frozenset(
    (first, "name") for first in ("first", "last", "given", "family", "sur", "full", "middle", "maiden", "patient")
)
CONTACT = vocabulary(
    "phone telephone tel mobile fax email mail address addr street strasse straße adresse direccion indirizzo"
)
OFFICIAL_NUMBER = vocabulary(
    "ssn nhs nhsnumber mrn nin bsn nif nie dni cpr personnummer pesel passport insurance policy license licence "
    "kvnr versichertennummer iban fiscal soc aadhaar"
)
PERSON = vocabulary(
    "patient patients pat person persons subject subj participant proband case donor pid ptid usubjid subjid patid "
    "patientid personid subjectid patientennummer individual mother child twin seqn record respondent member"
)
SAMPLE = vocabulary("sample barcode specimen animal mouse")
ID = vocabulary(
    "id ids nbr identifier uuid guid key nummer rownames rowname rownum index seqno seqn pid ptid usubjid patientid "
    "accession barcode record_id recid mrn no"
)
ROW_NUMBER = vocabulary("rownames rowname rownum row index unnamed seqno")
VISIT = vocabulary(
    "encounter visit admission stay hadm log episode event test sample specimen order claim nodule lesion image series "
    "study accession exposure occurrence observation measurement era period procedure"
)
CODE = vocabulary(
    "code codes codigo type typ cat category class group grp arm concept status stratum strata cluster region centre "
    "center site hospital inst institution specialty disposition payer payor method route reason sex gender race "
    "ethnicity rx trt treat treatment therapy regimen drug icd icd9 icd10 atc snomed loinc cpt ops drg diag dx zip "
    "postcode plz zipcode postal etype censor chromosome chrom chr build gene"
)
ORDERED = vocabulary(
    "stage grade ecog nyha asa pirads isup gleason severity degree tier quintile quartile decile tertile likert level "
    "rank class satisfaction ranking clavien childpugh extent birads lirads kps_grade ordinal mrs gcs figo stadium grad"
)
COUNT = vocabulary(
    "n num nb nr number count counts cnt total sum days hours hrs hr minutes weeks months years year yr age visits "
    "times freq frequency rooms children kids siblings parity gravida gravidity pregnancies babies records "
    "procedures medications meds diagnoses drinks cigarettes packs steps length los dose size weight height bmi pulse "
    "rate pressure nodes month day anzahl nombre numero aantal score points repeats doses cycles"
)
DISEASE_CODE = vocabulary("icd icd9 icd10 icdo diag diagnosis dx atc snomed loinc cpt ops drg rxnorm code codes")
SITE = vocabulary(
    "site sites hospital hospitals centre center centres centers clinic klinik krankenhaus hôpital institution inst "
    "facility ward dataset provider_site ziekenhuis sitio sede standort"
)
SENSITIVE = vocabulary(
    "hiv aids std sti syphilis psychiatric psychosis depressed depression suicide suicidal abortion drugs harddrugs "
    "marijuana marij cocaine heroin opioid addiction alcoholism sexual orientation samesex sexorientation "
    "income salary wage genotype apoe brca abuse violence prison criminal"
)
OUTCOME = vocabulary("outcome target label class response readmitted readmission mortality died dead y endpoint")
EVENT = vocabulary("death dead died event status deceased vital relapse recur recurrence progression")
TIME = vocabulary("time futime survtime rfstime ostime dtime rtime survivaltime followup tte pfstime efstime dfstime")
CENSORING = vocabulary("censored censor censoring cens censorship")
NOT_ZERO_CODED = vocabulary(
    "dose gain loss pack packs cig cigarettes alcohol drinks n num number count cost costs price income salary amount "
    "days weeks months years time duration distance steps minutes hours score change diff delta calories units mg "
    "score points visits age weightgain"
)
CUMULATIVE_TIME = vocabulary("start stop tstart tstop")
