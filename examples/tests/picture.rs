//! The picture holds what it should, and no run, however odd, breaks it.

use tensorlet_examples::digits::data::{BYTES, DataSet};
use tensorlet_examples::picture::Page;
use tensorlet_examples::report::{Epoch, Misread};

fn draw(losses: &[f32], misread: usize) -> String {
    let epochs: Vec<_> = losses.iter().map(|&loss| Epoch { loss, test_accuracy: 0.75 }).collect();
    let digits = DataSet::parse(BYTES).expect("the committed set is sound");
    let misread: Vec<_> = digits
        .test()
        .take(misread)
        .enumerate()
        .map(|(i, digit)| Misread {
            picture: digit.picture,
            label: digit.label,
            predicted: (digit.label + 1) % 10,
            confidence: 1.0 / (i + 1) as f32,
        })
        .collect();
    Page { network: "fc10", training: "seed 0", source: "data", epochs: &epochs, misread: &misread, tested: 360 }
        .draw()
        .to_string()
}

#[test]
fn title_charts_and_misread_digits_are_there() {
    let picture = draw(&[2.0, 0.5, 0.1], 9);
    for text in
        ["97.5 % of unseen digits", "351 of 360", "Training loss", "Test accuracy", "The 9 misread digits", "epoch"]
    {
        assert!(picture.contains(text), "no {text:?}");
    }
    assert_eq!(picture.matches("<polyline").count(), 2);
    assert_eq!(picture.matches('→').count(), 10, "one in the key, one for each digit");
}

#[test]
fn odd_runs_are_drawn_too() {
    for (losses, misread) in [(&[][..], 0), (&[0.0], 1), (&[2.3], 24), (&[1e-9, 1e9], 25), (&[0.7; 1000], 360)] {
        let picture = draw(losses, misread);
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{losses:?}");
    }
}
