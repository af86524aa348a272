"""What is left of TensorFlow's reports on failed graphs."""

import pytest

from serving.models.operation_message import operation_message

OWN = "indices[0] = 7 is not in [0, 3)\n\t [[{{node g}}]]"
FRAMES = '  File "/srv/app/server.py", line 12, in <module>\n    main()\n'
TWO = (
    "2 root error(s) found.\n  (0) INVALID_ARGUMENT: indices[0] = 7 is not in [0, 3)\n\t [[{{node g"
    "}}]]\n\t [[y/_1]]\n  (1) INVALID_ARGUMENT: the same\n0 successful operations.\n0 derived "
    "errors ignored."
)
XLA = "Node has dynamic shape.\n\n\t [[{{node g}}]]\n\ttf2xla conversion failed"


@pytest.mark.parametrize(
    ("message", "own"),
    [
        (OWN, OWN),
        (f"{OWN} [Op:__inference_pruned_365]", OWN),
        (f"{OWN} [Op:GatherV2] name: ", OWN),
        (f"{{{{function_node __inference_f_1}}}} {OWN} [Op:__inference_f_1]", OWN),
        (
            "Graph execution error:\n\nDetected at node g defined at (most recent call last):\n"
            f"<stack traces unavailable>\n{OWN} [Op:__inference_pruned_365]",
            OWN,
        ),
        (
            "Graph execution error:\n\nDetected at node 'g' defined at (most recent call last):\n"
            f"{FRAMES}{FRAMES}Node: 'g'\n{OWN} [Op:__inference_pruned_365]",
            OWN,
        ),
        (
            "Graph execution error:\n\nDetected at node g defined at (most recent call last):\n"
            f'{FRAMES}\n  File "/srv/a b.py", line 3, in f\n\nDetected at node h defined at (most '
            f"recent call last):\n<stack traces unavailable>\n{TWO} [Op:__inference_f_1]",
            TWO,
        ),
        (
            f"{OWN}\n\nErrors may have originated from an input operation.\nInput Source operations"
            f" connected to node g:\n i (defined at /srv/app/server.py:12)\n\nOriginal stack trace "
            f"for 'g':\n{FRAMES}",
            OWN,
        ),
        (f"{OWN}\n\nOriginal stack trace for 'g':\n{FRAMES}\n...which was originally", OWN),
        (f"{OWN} [Op:__inference_f_1]\n\nFunction call stack:\nf -> g\n", OWN),
        (f"{OWN}\n\nCaused by op 'g', defined at:\n{FRAMES}", OWN),
        (
            "Node has dynamic shape.\n\nStack trace for op definition: \n"
            'File "/srv/app/server.py", line 12, in <module>\nFile "/srv/b.py", line 3, in f\n\n'
            "\t [[{{node g}}]]\n\ttf2xla conversion failed [Op:__inference_f_1]",
            XLA,
        ),
        ("a user [Op:said] this\n  indented", "a user [Op:said] this\n  indented"),
        ("", ""),
    ],
)
def test_forms(message, own):
    assert operation_message(message) == own
