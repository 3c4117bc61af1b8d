//! Data tools, metrics, initialisation, augmentation and detection. See [`firmware::only`].

#![no_std]
#![no_main]

firmware::only!(tools, images);
