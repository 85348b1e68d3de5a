"""What each section of the report asks, in words for a person who does not compute."""

from __future__ import annotations

from dataclasses import dataclass

from cohortium.records import Question


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's name, its question, and how to read it; ``caution`` is what must not be read into it."""

    title: str
    asks: str
    intro: str
    caution: str = ""


HEADINGS: dict[Question, Heading] = {
    Question.VALIDITY: Heading(
        "Validity",
        "Could these rows exist?",
        "Every row is held against the schema and the rules of the real table: types, ranges, unique keys, rules "
        "between columns, and how much is missing where.",
    ),
    Question.MARGINALS: Heading(
        "Single columns",
        "Does each column look right by itself?",
        "Each column of the synthetic table is compared with the same column of the real one.",
        "Informative, never a gate: a table whose columns know nothing of each other does well here too.",
    ),
    Question.JOINT: Heading(
        "Joint structure",
        "Do the columns belong together?",
        "What matters in a patient's record is how its values hang together. A strong classifier tries to tell "
        "synthetic rows from real ones; pairs and triples of columns are compared; both tables are laid over each "
        "other.",
    ),
    Question.SURVIVAL: Heading(
        "Survival",
        "Does follow-up run as it does in patients?",
        "Times to an event and times of leaving observation, compared as curves and as the effects that a regression "
        "finds.",
    ),
    Question.UTILITY: Heading(
        "Utility",
        "Would an analyst come to the same conclusions?",
        "Models and analyses are run on the synthetic table and held against real patients whom the synthesiser never "
        "saw.",
    ),
    Question.PRIVACY: Heading(
        "Privacy by attack",
        "What could an attacker learn about a person?",
        "Each row is an attack that was really carried out with the synthetic table, and compared with the same attack "
        "on people who had no part in it. Blind guessing gives 0.5 where a row is an area under a curve (AUC).",
    ),
    Question.COPIES: Heading(
        "Copies",
        "Do rows repeat patients?",
        "How near synthetic rows lie to the patients they were learned from, against how near they lie to others.",
        "A smoke detector, not a claim: an alarm must be explained, and silence proves nothing. Privacy rests on the "
        "attacks above and on the formal guarantee below.",
    ),
    Question.FORMAL: Heading(
        "Formal guarantee",
        "What is promised whatever an attacker knows?",
        "Only differential privacy promises this. What is claimed is checked against what attacks could show.",
    ),
    Question.FAIRNESS: Heading(
        "Fairness",
        "Is it as good, and as safe, for every group?",
        "The same measures for each subgroup of patients. Small groups give wide intervals; none may be lost in the "
        "mean.",
    ),
    Question.COST: Heading(
        "Cost",
        "What did it take?",
        "Time and memory for learning, sampling and judging.",
    ),
}
