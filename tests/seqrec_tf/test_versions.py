"""A version is written down, or that none is known."""

import re

from seqrec_tf.versions import UNKNOWN, package_version


def test_of_an_installed_package():
    assert re.match(r"\d+\.\d+", package_version("tensorflow"))


def test_of_a_checkout_that_is_run_in_place():
    # Its packages are importable, and there are no metadata.
    assert package_version("a-checkout-of-seqrec-tf") == UNKNOWN == "unknown (not installed)"
