//! Every loss, optimiser and schedule. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(losses, optimizers);
