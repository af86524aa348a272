"""In which forms a SavedModel can be asked for recommendations."""

import numpy as np

FORMS = (
    "recommend",
    "serving_default, padded right",
    "serving_default, padded left",
    "ragged",
    "text",
    "examples",
)
LOWEST = float(np.finfo(np.float32).min)  # the score of what is not recommended
