"""From ragged histories to trained weights: pipeline, model, callbacks, and how long it goes on."""
