//! Activations, normalisation, dense and recurrent layers, attention, and those that combine others. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(activations, norms, branches, sequences, attention, embeddings);
