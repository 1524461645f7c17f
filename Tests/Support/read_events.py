"""Prints what TensorBoard's own reader finds in a folder as JSON: {tag: [[step, value, wall time], ...]}.

    python read_events.py FOLDER
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# 0 keeps every point. Without it, long series are thinned out.
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
tags = events.Tags()["scalars"]
print(json.dumps({tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags}))
