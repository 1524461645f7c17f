"""Prints what TensorBoard's HParams plugin finds in a folder of runs, a line for each thing:

    key NAME TYPE [VALUE, ...]
    metric TAG
    group NAME {KEY: VALUE, ...}
    run NAME STATUS {TAG: [VALUE, STEP], ...}

    python read_hparams.py FOLDER
"""

import json
import sys

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

multiplexer = EventMultiplexer()
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
provider = MultiplexerDataProvider(multiplexer, sys.argv[1])
backend = backend_context.Context(TBContext(data_provider=provider))


def show(kind, name, *words):
    print(kind, name, *[w if isinstance(w, str) else json.dumps(w, ensure_ascii=False, sort_keys=True) for w in words])


def plain(value):
    return getattr(value, value.WhichOneof("kind"))


sys.stdout.reconfigure(encoding="utf-8")
experiment = get_experiment.Handler(RequestContext(), backend, "", api_pb2.GetExperimentRequest()).run()
for key in experiment.hparam_infos:
    show("key", key.name, api_pb2.DataType.Name(key.type), [plain(v) for v in key.domain_discrete.values])
for metric in experiment.metric_infos:
    show("metric", metric.name.tag)
statuses = [status for _, status in api_pb2.Status.items()]
request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=100, allowed_statuses=statuses)
groups = list_session_groups.Handler(RequestContext(), backend, "", request).run().session_groups
for group in sorted(groups, key=lambda group: group.name):
    show("group", group.name, {name: plain(value) for name, value in group.hparams.items()})
    for run in group.sessions:
        values = {m.name.tag: [m.value, m.training_step] for m in run.metric_values}
        show("run", run.name, api_pb2.Status.Name(run.status), values)
