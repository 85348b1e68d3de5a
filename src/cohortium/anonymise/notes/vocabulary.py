"""The kinds of identifying text, in one vocabulary, and what other corpora call them."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """What a span of text tells about a person."""

    PATIENT = "patient"
    STAFF = "staff"
    PERSON = "person"
    """A person's name of whom the text does not say who it is."""
    RELATIVE = "relative"
    """A word for kin ("mother"); the names of kin are PERSON."""
    DATE = "date"
    AGE = "age"
    SEX = "sex"
    STREET = "street"
    PLACE = "place"
    """A town, region or postcode."""
    COUNTRY = "country"
    HOSPITAL = "hospital"
    CENTRE = "health centre"
    INSTITUTION = "institution"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "e-mail"
    URL = "web address"
    PATIENT_ID = "patient number"
    INSURANCE_ID = "insurance number"
    EPISODE_ID = "episode number"
    LICENCE_ID = "licence number"
    STAFF_ID = "staff number"
    OTHER_ID = "other number"
    PROFESSION = "profession"
    OTHER = "other"


GROUPS: dict[str, tuple[Type, ...]] = {
    "NAME": (Type.PATIENT, Type.STAFF, Type.PERSON),
    "DATE": (Type.DATE,),
    "AGE": (Type.AGE,),
    "LOCATION": (Type.STREET, Type.PLACE, Type.COUNTRY),
    "INSTITUTION": (Type.HOSPITAL, Type.CENTRE, Type.INSTITUTION),
    "CONTACT": (Type.PHONE, Type.FAX, Type.EMAIL, Type.URL),
    "ID": (Type.PATIENT_ID, Type.INSURANCE_ID, Type.EPISODE_ID, Type.LICENCE_ID, Type.STAFF_ID, Type.OTHER_ID),
    "PROFESSION": (Type.PROFESSION,),
    "OTHER": (Type.OTHER, Type.RELATIVE, Type.SEX),
}
"""Coarser kinds, as masks show them; close to those of i2b2 2014."""

GROUP_OF = {kind: name for name, kinds in GROUPS.items() for kind in kinds}
NAMES = frozenset(GROUPS["NAME"])
NUMBERS = frozenset(GROUPS["ID"])

MEDDOCAN: dict[str, Type] = {
    "NOMBRE_SUJETO_ASISTENCIA": Type.PATIENT,
    "NOMBRE_PERSONAL_SANITARIO": Type.STAFF,
    "FAMILIARES_SUJETO_ASISTENCIA": Type.RELATIVE,
    "FECHAS": Type.DATE,
    "EDAD_SUJETO_ASISTENCIA": Type.AGE,
    "SEXO_SUJETO_ASISTENCIA": Type.SEX,
    "CALLE": Type.STREET,
    "TERRITORIO": Type.PLACE,
    "PAIS": Type.COUNTRY,
    "HOSPITAL": Type.HOSPITAL,
    "CENTRO_SALUD": Type.CENTRE,
    "INSTITUCION": Type.INSTITUTION,
    "NUMERO_TELEFONO": Type.PHONE,
    "NUMERO_FAX": Type.FAX,
    "CORREO_ELECTRONICO": Type.EMAIL,
    "URL_WEB": Type.URL,
    "ID_SUJETO_ASISTENCIA": Type.PATIENT_ID,
    "ID_ASEGURAMIENTO": Type.INSURANCE_ID,
    "ID_CONTACTO_ASISTENCIAL": Type.EPISODE_ID,
    "ID_TITULACION_PERSONAL_SANITARIO": Type.LICENCE_ID,
    "ID_EMPLEO_PERSONAL_SANITARIO": Type.STAFF_ID,
    "PROFESION": Type.PROFESSION,
    "OTROS_SUJETO_ASISTENCIA": Type.OTHER,
    "IDENTIF_VEHICULOS_NRSERIE_PLACAS": Type.OTHER_ID,
    "IDENTIF_DISPOSITIVOS_NRSERIE": Type.OTHER_ID,
    "IDENTIF_BIOMETRICOS": Type.OTHER_ID,
    "DIREC_PROT_INTERNET": Type.URL,
    "OTRO_NUMERO_IDENTIF": Type.OTHER_ID,
    "NUMERO_BENEF_PLAN_SALUD": Type.INSURANCE_ID,
}
"""Labels of MEDDOCAN (Spanish; Marimon et al. 2019), each to one of ours and back."""

I2B2: dict[str, Type] = {
    "PATIENT": Type.PATIENT,
    "DOCTOR": Type.STAFF,
    "USERNAME": Type.STAFF_ID,
    "NAME": Type.PERSON,
    "DATE": Type.DATE,
    "AGE": Type.AGE,
    "STREET": Type.STREET,
    "CITY": Type.PLACE,
    "STATE": Type.PLACE,
    "ZIP": Type.PLACE,
    "LOCATION": Type.PLACE,
    "LOCATION-OTHER": Type.PLACE,
    "COUNTRY": Type.COUNTRY,
    "HOSPITAL": Type.HOSPITAL,
    "ORGANIZATION": Type.INSTITUTION,
    "PHONE": Type.PHONE,
    "CONTACT": Type.PHONE,
    "FAX": Type.FAX,
    "EMAIL": Type.EMAIL,
    "URL": Type.URL,
    "MEDICALRECORD": Type.PATIENT_ID,
    "HEALTHPLAN": Type.INSURANCE_ID,
    "IDNUM": Type.OTHER_ID,
    "ID": Type.OTHER_ID,
    "DEVICE": Type.OTHER_ID,
    "BIOID": Type.OTHER_ID,
    "PROFESSION": Type.PROFESSION,
}
"""Labels in the manner of i2b2 2014 (English)."""

EDS_PSEUDO: dict[str, Type] = {
    "NOM": Type.PERSON,
    "PRENOM": Type.PERSON,
    "DATE": Type.DATE,
    "DATE_NAISSANCE": Type.DATE,
    "ADRESSE": Type.STREET,
    "VILLE": Type.PLACE,
    "ZIP": Type.PLACE,
    "HOPITAL": Type.HOSPITAL,
    "TEL": Type.PHONE,
    "MAIL": Type.EMAIL,
    "IPP": Type.PATIENT_ID,
    "NDA": Type.EPISODE_ID,
    "SECU": Type.INSURANCE_ID,
}
"""Labels of EDS-Pseudo (French; AP-HP)."""
