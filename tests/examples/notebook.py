"""A notebook's worth: train, evaluate, export, verify, serve and ask, on the demo and offline.

    python tests/examples/notebook.py

Each stage is one call, and what it gives is what the next one takes. Takes about a minute on a
laptop; leaves the run in runs/ and the model in models/, as the commands do.
"""

import export
import seqrec_tf
import serving

# Every flag of `python -m seqrec_tf.train` is a keyword: interactions="log.csv", encoder="gru4rec".
config = seqrec_tf.configure(dataset="demo", epochs=5)
run = seqrec_tf.train(config)

# The whole catalogue is ranked for every user, next to five baselines.
metrics = seqrec_tf.evaluate(run)
print("NDCG@10", metrics.test["ndcg@10"], "popularity", metrics.baselines["popularity"]["ndcg@10"])

# Nothing is published that does not answer as the trained encoder does.
(model,) = export.export_run(run, export.ExportOptions(k=5))
print(model, export.verify(model) or "verified")

# A server in this process, on a free port; `python -m serving` is the same for other machines.
with serving.Server(model.parent) as server:
    for viewer in serving.Recommender(server.url).recommend([[1193, 661, 914], []]):
        print([movie.title for movie in viewer])
