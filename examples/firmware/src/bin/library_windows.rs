//! Every layer whose windows slide. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(windows);
