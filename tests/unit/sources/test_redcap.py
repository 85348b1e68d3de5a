"""REDCap exports: codes and labels, checkboxes, repeating forms, and a dictionary that knows the kinds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cohortium.errors import InvalidRequest, SchemaMismatch, SourceUnreadable
from cohortium.records import Kind, Role
from cohortium.sources import Options, conform, infer_schema, read, read_raw

HEAD = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels","Field Note","Text Validation Type OR Show Slider Number",'
    '"Text Validation Min","Text Validation Max",Identifier?,"Branching Logic (Show field only if...)"'
)
FIELDS = """\
record_id,intake,,text,Record,,,,,,,
name,intake,,text,Full name,,,,,,y,
born,intake,,text,Date of birth,,,date_dmy,1900-01-01,2020-12-31,,
sex,intake,,radio,Sex,"1, Male | 2, Female",,,,,,
weight,intake,,text,Weight (kg),,,number_1dp,1,300,,
children,intake,,text,Children,,,integer,0,20,,[sex] = '2'
smoker,intake,,yesno,Smokes,,,,,,,
history,intake,,checkbox,History,"1, Diabetes | 2, Stroke | -9, Not known",,,,,,
about,intake,,descriptive,<b>Welcome</b>,,,,,,,
pain,visit,,slider,Pain,none | worst,,number,,,,
seen,visit,,text,Seen at,,,datetime_ymd,,,,
note,visit,,notes,Remarks,,,,,,,
crp,visit,,text,CRP [mg/L],,,,,,,
mail,visit,,text,E-mail,,,email,,,,
"""
EXPORT = """\
record_id,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,name,born,sex,weight,children,\
smoker,history___1,history___2,history____9,intake_complete,pain,seen,note,crp,mail,visit_complete
1,,,bern,Ann Other,1950-01-31,2,70.5,3,1,1,0,0,2,,,,,,
1,visit,1,bern,,,,,,,,,,,30,2024-01-01 10:20,"well,
very well",3.5,a@b.ch,2
1,visit,2,bern,,,,,,,,,,,45,2024-02-01 10:20,,12,a@b.ch,1
2,,,basel,Bob Nobody,1961-12-01,1,81.0,,0,0,0,1,2,,,,,,
"""
LABELS = (
    EXPORT.replace(",2,70.5", ",Female,70.5")
    .replace(",1,81.0", ",Male,81.0")
    .replace(",0,0,1,2,,", ",Unchecked,Unchecked,Checked,Complete,,")
    .replace(",1,1,0,0,2,,", ",Yes,Checked,Unchecked,Unchecked,Complete,,")
    .replace(",,0,Unchecked", ",,No,Unchecked")
    .replace("a@b.ch,2", "a@b.ch,Complete")
    .replace("a@b.ch,1", "a@b.ch,Unverified")
)


def _project(folder: Path, export: str = EXPORT, fields: str = FIELDS) -> tuple[Path, Options]:
    (folder / "dictionary.csv").write_text(f"{HEAD}\n{fields}", encoding="utf-8")
    (folder / "export.csv").write_text(export, encoding="utf-8")
    return folder / "export.csv", Options(dictionary=folder / "dictionary.csv")


def test_the_dictionary_tells_kinds_levels_limits_units_and_roles(tmp_path: Path) -> None:
    path, options = _project(tmp_path)
    schema = infer_schema(read_raw(path, options))
    kinds = {column.name: column.kind for column in schema.columns}
    assert kinds == {
        "record_id": Kind.IDENTIFIER,
        "redcap_repeat_instrument": Kind.CATEGORICAL,
        "redcap_repeat_instance": Kind.INTEGER,
        "redcap_data_access_group": Kind.CATEGORICAL,
        "name": Kind.IDENTIFIER,
        "born": Kind.DATE,
        "sex": Kind.CATEGORICAL,
        "weight": Kind.CONTINUOUS,
        "children": Kind.INTEGER,
        "smoker": Kind.BOOLEAN,
        "history___1": Kind.BOOLEAN,
        "history___2": Kind.BOOLEAN,
        "history____9": Kind.BOOLEAN,
        "intake_complete": Kind.ORDINAL,
        "pain": Kind.INTEGER,
        "seen": Kind.DATETIME,
        "note": Kind.TEXT,
        "crp": Kind.CONTINUOUS,
        "mail": Kind.IDENTIFIER,
        "visit_complete": Kind.ORDINAL,
    }
    assert schema["sex"].levels == ("1", "2")
    assert any("1 = Male; 2 = Female" in reason for reason in schema["sex"].reasons)
    assert (schema["weight"].unit, schema["weight"].minimum, schema["weight"].maximum) == ("kg", 1.0, 300.0)
    assert schema["weight"].decimals == 1
    assert (schema["pain"].minimum, schema["pain"].maximum) == (0.0, 100.0)
    assert schema["born"].maximum == (date(2020, 12, 31) - date(1970, 1, 1)).days
    assert schema.only(Role.PERSON_KEY) == schema["record_id"]
    assert schema["redcap_data_access_group"].has_role(Role.SITE)
    assert schema["name"].has_role(Role.DIRECT_IDENTIFIER)
    assert schema["mail"].has_role(Role.DIRECT_IDENTIFIER)
    assert schema["born"].has_role(Role.QUASI_IDENTIFIER)


def test_repeating_forms_are_several_rows_of_one_person(tmp_path: Path) -> None:
    path, options = _project(tmp_path)
    table = read(path, options)
    assert table.persons().tolist() == [0, 0, 0, 1]
    assert table.arrow.column("history____9").to_pylist() == [False, None, None, True]
    assert table.arrow.column("note")[1].as_py() == "well,\nvery well"
    assert table.missing("sex").tolist() == [False, True, True, False]
    assert (tmp_path / "export.csv.schema.toml").exists()


def test_an_export_of_labels_is_recognised(tmp_path: Path) -> None:
    path, options = _project(tmp_path, LABELS)
    table = read(path, options)
    assert table.schema["sex"].levels == ("Male", "Female")
    assert table.schema["visit_complete"].levels == ("Incomplete", "Unverified", "Complete")
    assert table.arrow.column("smoker").to_pylist() == [True, None, None, False]
    assert table.arrow.column("history___1").to_pylist() == [True, None, None, False]


def test_a_choice_that_the_dictionary_lacks_is_counted(tmp_path: Path) -> None:
    path, options = _project(tmp_path, EXPORT.replace(",1,81.0", ",7,81.0"))
    with pytest.raises(SchemaMismatch, match=r"'sex' \(categorical\): 1 of 4 cells"):
        read(path, options)


def test_what_is_no_dictionary_or_no_export_of_it_is_refused(tmp_path: Path) -> None:
    path, options = _project(tmp_path)
    with pytest.raises(SourceUnreadable, match="not a REDCap data dictionary"):
        read_raw(path, Options(dictionary=path))
    path.write_text("Record ID,Sex\n1,Male\n")
    with pytest.raises(SourceUnreadable, match="no column 'record_id'"):
        read_raw(path, options)
    from cohortium.sources.address import Address
    from cohortium.sources.redcap import open_redcap

    with pytest.raises(InvalidRequest, match="needs its data dictionary"):
        open_redcap(Address.of(path), Options())


def test_the_programming_interface_s_heads_are_known(tmp_path: Path) -> None:
    head = (
        "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
        "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic"
    )
    path, options = _project(tmp_path)
    (tmp_path / "dictionary.csv").write_text(f"{head}\n{FIELDS}", encoding="utf-8")
    raw = read_raw(path, options)
    assert conform(raw, infer_schema(raw)).schema["sex"].levels == ("1", "2")
