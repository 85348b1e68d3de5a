"""One plain sentence per metric: what it means for a person who must decide, not how it is computed."""

from __future__ import annotations

from cohortium.registry import entries

_MEANINGS: dict[str, str] = {
    # ---- validity
    "category_adherence": "Share of levels that a real person has, or that the schema lists.",
    "constraint_adherence": "Share of rows that keep every rule between columns, such as a start before its end.",
    "format_adherence": "Share of cells of the right kind, with no more decimals than real values carry.",
    "key_uniqueness": "Share of identifiers that are there, and unique where the real ones are.",
    "missing_together": "How far the shares of values that are missing together are from the real ones.",
    "plausible_ranges": "Share of numbers within the range that is clinically plausible.",
    "range_adherence": "Share of numbers within the range that real values take.",
    # ---- single columns
    "category_coverage": "Share of the common real levels that occur in the synthetic table as well.",
    "column_shapes": "How alike the real and the synthetic distribution of a column are; 1 is the same.",
    "hellinger_distance": "Distance between the distributions of a column: 0 is the same, 1 has nothing in common.",
    "missing_rate_error": "How far the share of missing values in a column is from the real one.",
    "range_coverage": "Share of the usual real range of a number that the synthetic values reach.",
    "wasserstein_distance": "How far values would have to be moved, on average, to make the distributions equal.",
    # ---- joint structure
    "c2st": "How well a strong classifier tells synthetic rows from real ones; at 0.5 it is guessing.",
    "correlation_difference": "Mean gap between real and synthetic correlations, over all pairs of columns.",
    "coverage": "Share of real persons with a synthetic row near them: whether all kinds of persons are there.",
    "information_difference": "Mean gap in how much one column tells about another, over all pairs.",
    "pair_trends": "How alike pairs of columns hang together; 1 is as in the real table.",
    "precision": "Share of synthetic rows with a real person near them: whether rows lie where persons lie.",
    "trivariate_accuracy": "How alike combinations of three columns are distributed; 1 is the same.",
    # ---- survival
    "censoring_divergence": "Mean gap between the curves of leaving observation; wrong ones distort effects.",
    "concordance_tstr": "How well a risk model learnt from synthetic persons puts real ones in order; 0.5 is chance.",
    "hazard_ratio_overlap": "How much the intervals of a Cox regression's effects overlap with the real ones.",
    "km_divergence": "Mean gap between the real and the synthetic survival curve.",
    "log_rank_p": "Probability of so large a gap between the curves by chance; small means that they differ.",
    "optimism": "Whether synthetic patients live longer (above 0) or shorter (below 0) than real ones.",
    "short_sightedness": "How much of the real follow-up the synthetic one is too short for.",
    # ---- utility
    "augmentation_gain": "What a prediction gains when synthetic persons are added to the real ones.",
    "coefficient_overlap": "How much the intervals of a regression's effects overlap with the real ones.",
    "feature_rank_agreement": "Whether the same columns matter to a prediction, in the same order; 1 is best.",
    "replication": "Share of a regression's effects that come out with the same sign and significance.",
    "trts": "How well a model that learnt from real persons predicts synthetic ones.",
    "tstr": "How well a model that learnt from synthetic persons predicts real ones.",
    "tstr_gap": "What a prediction for real persons loses by learning from synthetic ones.",
    # ---- privacy by attack
    "attribute_inference": "How much more often a secret value is guessed for patients in the data than for others.",
    "linkability": "How much more often the table helps to join two halves of a record than by chance.",
    "mia_boosted": "How well an attacker with a strong classifier tells who was in the data; 0.5 is guessing.",
    "mia_density": "How well an attacker who knows the population tells who was in the data; 0.5 is guessing.",
    "mia_informed": "How well an insider who knows half of the members tells the others; 0.5 is guessing.",
    "mia_nearest": "How well someone holding a person's record tells whether the person was in; 0.5 is guessing.",
    "mia_outliers": "The strongest attack on the persons who are least like anybody else; 0.5 is guessing.",
    "mia_subgroups": "How well an attacker tells who was in the data, in the most exposed subgroup; 0.5 is guessing.",
    "mia_surest": "How often an attacker is right about the tenth of persons that he is surest of; 0.5 is guessing.",
    "mia_tpr": "Share of members found when only 1 in 100 strangers may be wrongly accused; 0.01 is guessing.",
    "mia_worst": "The best that any of the attacks on membership achieves; 0.5 is guessing.",
    "rare_combinations": "How much more often rare combinations of patients in the data come back than others'.",
    "singling_out_multivariate": "How much more often several values point to exactly one patient than by chance.",
    "singling_out_univariate": "How much more often one unusual value points to exactly one patient than by chance.",
    # ---- copies
    "authenticity": "Share of rows that lie further from their nearest patient than patients lie from each other.",
    "dcr_share": "Share of rows nearer to a patient learned from than to one held out; 0.5 is fair.",
    "dcr_share_groups": "The same where it is worst, for copies that hide in a part of the columns.",
    "hit_rate": "How much more often a row comes very near a patient learned from than one held out.",
    "identical_excess": "Copies of patients learned from, less copies of patients held out, met by chance alone.",
    "identical_share": "Share of rows that equal some patient's row; few columns make chance copies likely.",
    "nndr": "Whether the nearest patient stands out from the next one, as it does for a copy; 1 is best.",
    "privacy_loss": "How much nearer the table is to the patients learned from than to others; 0 is best.",
    # ---- formal guarantee
    "audited_epsilon": "The smallest epsilon that attacks could prove; above the claim, the claim would be wrong.",
    "claimed_epsilon": "How much one person may change the result at most; the smaller, the more is promised.",
    # ---- fairness
    "demographic_parity_shift": "How much the synthetic table changes the gap between groups in what a model decides.",
    "equalised_odds_shift": "How much the synthetic table changes the gap between groups in how a model errs.",
    "subgroup_c2st": "How well a strong classifier tells synthetic from real rows in the worst subgroup.",
    "subgroup_shares": "The largest change in how many persons belong to a subgroup.",
    "subgroup_trends": "How alike pairs of columns hang together in the worst served subgroup; 1 is best.",
    "subgroup_tstr_gap": "What a prediction loses by learning from synthetic persons, in the worst subgroup.",
}


def meaning(metric: str) -> str:
    """The sentence of a metric: from the list here, else the first line that it says of itself, else nothing."""
    if metric in _MEANINGS:
        return _MEANINGS[metric]
    return next((entry.summary for entry in entries("metric") if entry.name == metric), "")
