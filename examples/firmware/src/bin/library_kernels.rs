//! Every kernel and every mathematical function. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(kernels, mathematics);
