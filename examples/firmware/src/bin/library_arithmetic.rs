//! Arithmetic, reductions, softmax and products of tensors. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(arithmetic, reductions, products);
