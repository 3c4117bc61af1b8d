//! Every operation that moves elements. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(movement);
