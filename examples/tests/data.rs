//! The digits are what they should be, and a damaged file says what is wrong with it.

use tensorlet_examples::digits::data::{BYTES, DataError, DataSet, RECORD};

#[test]
fn the_committed_set_has_its_known_counts() {
    let digits = DataSet::parse(BYTES).expect("the committed set is sound");
    assert_eq!((digits.train().count(), digits.test().count()), (1_437, 360));

    let mut per_class = [0; 10];
    for digit in digits.train().chain(digits.test()) {
        per_class[usize::from(digit.label)] += 1;
    }
    // As the description of the set by its authors counts them.
    assert_eq!(per_class, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
}

#[test]
fn pixels_are_scaled_and_rows_split_by_number() {
    let mut bytes = BYTES[..6 * RECORD].to_vec();
    bytes[..RECORD].fill(0);
    bytes[9] = 16;
    bytes[63] = 4;
    bytes[64] = 7;
    let digits = DataSet::parse(&bytes).expect("six sound records");

    let test: Vec<_> = digits.test().collect();
    assert_eq!((digits.train().count(), test.len()), (4, 2));
    assert_eq!(test[0].label, 7);
    assert_eq!((test[0].picture[0][1][1], test[0].picture[0][7][7]), (1.0, 0.25));
    assert_eq!(test[1].label, BYTES[6 * RECORD - 1]);
}

#[test]
fn damaged_data_is_refused() {
    let cut = &BYTES[..BYTES.len() - 1];
    assert_eq!(DataSet::parse(cut).err(), Some(DataError::Truncated { bytes: cut.len() }));
    assert_eq!(DataSet::parse(&[]).err(), Some(DataError::Empty));

    let mut label = BYTES.to_vec();
    label[3 * RECORD + 64] = 10;
    let error = DataSet::parse(&label).expect_err("label 10");
    assert_eq!(error, DataError::Label { record: 3, label: 10 });
    assert_eq!(error.to_string(), "record 3 has the label 10: not one of the 10 digits");

    let mut pixel = BYTES.to_vec();
    pixel[2 * RECORD + 5] = 17;
    let error = DataSet::parse(&pixel).expect_err("pixel 17");
    assert_eq!(error, DataError::Pixel { record: 2, pixel: 5, value: 17 });
}
