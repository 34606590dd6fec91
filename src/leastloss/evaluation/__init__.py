"""Predictions in, numbers out: what a network gets right, under noise, and how sure that is."""

from leastloss.evaluation.attacks import ATTACKS
from leastloss.evaluation.collapse import layer_statistics, network_collapse
from leastloss.evaluation.cost import COSTS, gains, network_cost
from leastloss.evaluation.description import description_length
from leastloss.evaluation.failures import FAILED as FAILED
from leastloss.evaluation.failures import failure_sentences as failure_sentences
from leastloss.evaluation.failures import without_failed as without_failed
from leastloss.evaluation.fairness import fairness_metrics
from leastloss.evaluation.first_errors import breaking_order, broken_samples, first_wrong
from leastloss.evaluation.metric_keys import by_name, key_of, name_of
from leastloss.evaluation.metric_table import METRICS, Metric, metric_of, names_of
from leastloss.evaluation.metrics import calibration_error, classification_metrics
from leastloss.evaluation.metrics import confusion as confusion
from leastloss.evaluation.noise_effect import measured as measured
from leastloss.evaluation.noise_summary import corruption_errors, noise_summary
from leastloss.evaluation.path_summary import NEAR as NEAR
from leastloss.evaluation.path_summary import path_summary
from leastloss.evaluation.path_summary import usable_step as usable_step
from leastloss.evaluation.prediction import check_network as check_network
from leastloss.evaluation.prediction import check_trains as check_trains
from leastloss.evaluation.prediction import evaluate, predict
from leastloss.evaluation.robustness import NOISE_WORDS as NOISE_WORDS
from leastloss.evaluation.robustness import robustness, robustness_of
from leastloss.evaluation.significance import FEWEST as FEWEST
from leastloss.evaluation.significance import LEVEL as LEVEL
from leastloss.evaluation.significance import MIN_SEEDS as MIN_SEEDS
from leastloss.evaluation.significance import Floats as Floats
from leastloss.evaluation.significance import Ranking as Ranking
from leastloss.evaluation.significance import area_under_curve as area_under_curve
from leastloss.evaluation.significance import enough_seeds as enough_seeds
from leastloss.evaluation.significance import free_sparsity as free_sparsity
from leastloss.evaluation.significance import holm as holm
from leastloss.evaluation.significance import mean_interval, mean_intervals
from leastloss.evaluation.significance import paired_intervals as paired_intervals
from leastloss.evaluation.significance import rank_over as rank_over
from leastloss.evaluation.significance import signed_rank as signed_rank
from leastloss.evaluation.significance import steps_within as steps_within
from leastloss.evaluation.significance.curves import SLACK as SLACK
from leastloss.evaluation.significance.intervals import RESAMPLES as RESAMPLES
from leastloss.evaluation.speed import run_times as run_times
from leastloss.evaluation.speed import speed
from leastloss.evaluation.summary import SAME as SAME
from leastloss.evaluation.summary import check_table as check_table
from leastloss.evaluation.summary import curve, operating_points
from leastloss.evaluation.summary import is_at as is_at
from leastloss.evaluation.summary import off_by as off_by
from leastloss.evaluation.summary import reach_of as reach_of
from leastloss.evaluation.under_noise import check_names, check_noise, damaged
from leastloss.evaluation.weight_noise import WEIGHT_NOISE, with_weight_noise

__all__ = [
    "ATTACKS",
    "COSTS",
    "METRICS",
    "WEIGHT_NOISE",
    "Metric",
    "breaking_order",
    "broken_samples",
    "by_name",
    "calibration_error",
    "check_names",
    "check_noise",
    "classification_metrics",
    "corruption_errors",
    "curve",
    "damaged",
    "description_length",
    "evaluate",
    "fairness_metrics",
    "first_wrong",
    "gains",
    "key_of",
    "layer_statistics",
    "mean_interval",
    "mean_intervals",
    "metric_of",
    "name_of",
    "names_of",
    "network_collapse",
    "network_cost",
    "noise_summary",
    "operating_points",
    "path_summary",
    "predict",
    "robustness",
    "robustness_of",
    "speed",
    "with_weight_noise",
]
