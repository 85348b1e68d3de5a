"""A made CDM of three invented persons, with names and numbers wherever they must not survive."""
# ruff: noqa: E501 - lines of CSV

from __future__ import annotations

from pathlib import Path

TABLES = {
    "person": """person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,race_concept_id,ethnicity_concept_id,location_id,provider_id,care_site_id,person_source_value,gender_source_value
1001,8532,1961,2,31,1961-02-28 00:00:00,8527,0,5,77,9,MRN-448812,F
1002,8507,1920,5,5,,8527,0,5,77,9,MRN-990003,M
1003,8507,2012,,,,0,0,,,,MRN-120077,M
""",
    "observation_period": """observation_period_id,person_id,observation_period_start_date,observation_period_end_date,period_type_concept_id
1,1001,2019-01-01,2021-12-31,44814724
2,1002,2019-01-01,2021-12-31,44814724
3,1003,2019-01-01,2021-12-31,44814724
""",
    "visit_occurrence": """visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_type_concept_id,provider_id,visit_source_value,preceding_visit_occurrence_id
501,1001,9201,2021-06-14,2021-06-14 07:00:00,2021-06-20,32817,77,Zworykin ward,
502,1001,9202,2021-08-01,2021-08-01 09:15:00,2021-08-01,32817,77,,501
503,1002,9201,2020-02-02,2020-02-02 00:00:00,2020-02-05,32817,77,,
""",
    "measurement": """measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number,visit_occurrence_id,measurement_source_value,value_source_value,hospital_remark
9001,1001,3000963,2021-06-15,32817,13.4,501,HB Zworykin,13.4,seen by Achterberg
9002,1002,3000963,2020-02-03,32817,11.0,503,HB,11,
9003,1003,3013682,2020-02-03,32817,abc,999,UREA,,
""",
    "death": "person_id,death_date,cause_source_value\n1002,2021-01-05,Zworykin heart\n",
    "note": "note_id,person_id,note_date,note_type_concept_id,note_class_concept_id,note_text,encoding_concept_id,language_concept_id\n"
    "1,1001,2021-06-15,0,0,Ottoline Zworykin was seen,0,0\n",
    "location": "location_id,address_1,city,state,zip,county,location_source_value\n5,7 Larkspur Lane,Mainz,RP,55116,Mainz,loc-5\n",
    "provider": "provider_id,provider_name,npi,specialty_concept_id,care_site_id,year_of_birth,provider_source_value\n"
    "77,Benedikt Achterberg,NPI-99120045,38004446,9,1960,doc-77x\n",
    "care_site": "care_site_id,care_site_name,location_id\n9,Larkspur Clinic,5\n",
    "fact_relationship": "domain_concept_id_1,fact_id_1,domain_concept_id_2,fact_id_2,relationship_concept_id\n"
    "21,9001,8,501,44818888\n56,1001,56,1003,4277283\n",
    "patients_extra": "name\nOttoline Zworykin\n",
}
SECRETS = ("zworykin", "ottoline", "mrn-448812", "mrn-990003", "achterberg", "npi-99120045", "larkspur", "mainz", "55116",
           "doc-77x", "loc-5")  # fmt: skip


def cdm(folder: Path) -> Path:
    """The tables as CSV files, some with names in capitals as OHDSI's own."""
    folder.mkdir(parents=True)
    for number, (name, text) in enumerate(TABLES.items()):
        (folder / f"{name.upper() if number % 2 else name}.csv").write_text(text, "utf-8")
    return folder
