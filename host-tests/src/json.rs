//! JSON as Python writes it: with `NaN`, `Infinity` and `-Infinity`, which are no JSON.

use serde_json::Value;

/// Reads JSON; numbers that are not finite become their names, which [`number`] reads.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&named(text)))
}

/// A finite number, or the name of one that is not.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "inf" | "Infinity" => Some(f64::INFINITY),
        "-inf" | "-Infinity" => Some(f64::NEG_INFINITY),
        "nan" | "NaN" => Some(f64::NAN),
        _ => None,
    })
}

/// With the numbers that are not finite in quotes, where they do not stand in them.
fn named(text: &str) -> String {
    let (mut named, mut rest, mut quoted) = (String::with_capacity(text.len()), text, false);
    while let Some(c) = rest.chars().next() {
        let name = ["NaN", "-Infinity", "Infinity"].into_iter().find(|name| rest.starts_with(name));
        let step = match name {
            Some(name) if !quoted => {
                named.extend(["\"", name, "\""]);
                name.len()
            }
            // What is escaped does not end the text.
            _ if quoted && c == '\\' => {
                let pair: String = rest.chars().take(2).collect();
                named.push_str(&pair);
                pair.len()
            }
            _ => {
                quoted ^= c == '"';
                named.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[step..];
    }
    named
}

#[cfg(test)]
mod tests {
    use super::{number, parse};

    #[test]
    fn numbers_that_are_not_finite() {
        let value = parse(r#"{"a": [NaN, -Infinity, Infinity, 1.5], "b": "NaN \" Infinity", "c": "inf"}"#).unwrap();
        assert!(number(&value["a"][0]).unwrap().is_nan());
        let rest: Vec<_> = (1..4).map(|i| number(&value["a"][i]).unwrap()).collect();
        assert_eq!(rest, [f64::NEG_INFINITY, f64::INFINITY, 1.5]);
        assert_eq!(value["b"], "NaN \" Infinity");
        assert_eq!(number(&value["c"]), Some(f64::INFINITY));
        assert_eq!(number(&value["b"]), None);
    }
}
