"""Predictions in, numbers out: what a network gets right, under noise, and how sure that is."""

from leastloss.evaluation.attacks import ATTACKS
from leastloss.evaluation.broken import breaking_order, broken_samples, first_wrong
from leastloss.evaluation.calibration import calibration_error
from leastloss.evaluation.collapse import layer_statistics, network_collapse
from leastloss.evaluation.cost import COSTS, gains, network_cost
from leastloss.evaluation.description import description_length
from leastloss.evaluation.exposure import check_names, check_noise, damaged
from leastloss.evaluation.fairness import fairness_metrics
from leastloss.evaluation.metric_table import METRICS, Metric, metric_of, names_of
from leastloss.evaluation.metrics import classification_metrics, evaluate
from leastloss.evaluation.noise_summary import corruption_errors, noise_summary
from leastloss.evaluation.prediction import predict
from leastloss.evaluation.robustness import robustness, robustness_of
from leastloss.evaluation.significance import mean_interval, mean_intervals
from leastloss.evaluation.speed import speed
from leastloss.evaluation.summary import curve, operating_points
from leastloss.evaluation.weight_noise import WEIGHT_NOISE, with_weight_noise

__all__ = [
    "ATTACKS",
    "COSTS",
    "METRICS",
    "WEIGHT_NOISE",
    "Metric",
    "breaking_order",
    "broken_samples",
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
    "layer_statistics",
    "mean_interval",
    "mean_intervals",
    "metric_of",
    "names_of",
    "network_collapse",
    "network_cost",
    "noise_summary",
    "operating_points",
    "predict",
    "robustness",
    "robustness_of",
    "speed",
    "with_weight_noise",
]
