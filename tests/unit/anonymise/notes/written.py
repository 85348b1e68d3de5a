"""A short note in each language, what in it must be hidden, and nothing real."""

from __future__ import annotations

NOTES = {
    "en": (
        "Patient: Heather Doyle, DOB 08 June 1948, MRN 88712304. Seen by Dr. Alan Whitfield on 26 May 2022. "
        "Tel. 0113 496 0174. Started metformin 500 mg. Parkinson's disease. Foley catheter.",
        ["Doyle", "1948", "88712304", "Whitfield", "26 May 2022", "496 0174"],
    ),
    "es": (
        "Nombre: Ernesto.\nApellidos: Rivera Bueno.\nNHC: 368503.\nMédico: Ignacio Navarro Cuéllar. "
        "Fecha de ingreso: 12/12/2016.\nToma metformina 500 mg. Enfermedad de Crohn.",
        ["Ernesto", "Rivera", "368503", "Navarro", "12/12/2016"],
    ),
    "fr": (
        "Monsieur Jean Dupuis, né le 3 mars 1950, IPP : 8012939402, vu par le Dr Leroux le 12/04/2021. "
        "Tél : 01 42 16 00 00. Metformine 500 mg. Maladie de Crohn.",
        ["Dupuis", "1950", "8012939402", "Leroux", "12/04/2021", "42 16"],
    ),
    "de": (
        "Frau Anna Schulze, geb. 03.03.1950, wohnhaft Lindenstraße 12, 80331 München, wurde von Dr. Krüger "
        "am 12.04.2021 untersucht. Tel. 089/1234567. Metformin 500 mg. Morbus Crohn.",
        ["Schulze", "03.03.1950", "Lindenstraße", "Krüger", "12.04.2021", "1234567"],
    ),
    "it": (
        "Sig.ra Anna Ferrero, nata il 03/03/1950, codice fiscale RSSMRA85T10A562S, vista dal Dott. Colombo "
        "il 12 aprile 2021. Metformina 500 mg. Morbo di Crohn.",
        ["Ferrero", "1950", "RSSMRA85T10A562S", "Colombo", "12 aprile 2021"],
    ),
    "nl": (
        "Mevr. Anna Jansen, geboren 03-03-1950, BSN 111222333, gezien door dr. Bakhuizen op 12 april 2021. "
        "Tel: 030-1234567. Metformine 500 mg. Ziekte van Crohn.",
        ["Jansen", "1950", "111222333", "Bakhuizen", "12 april 2021", "1234567"],
    ),
}
"""Language -> text, and the parts of it that identify someone."""
