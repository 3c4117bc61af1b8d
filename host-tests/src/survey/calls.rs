//! Which kernels the code of an item reaches: what it calls on the token, and what the functions do that
//! it hands the token to.
//!
//! A call is one of these only if the token `k` is in it, so `x.iter().sum()` is no kernel. Functions are
//! followed by their names, nearest first: of two functions of one name that of the same file, else that of
//! the same folder, else that of the same room, if it is imported at all. A macro's body counts where it is
//! called, a type's code where it is named. Calls through a trait (`self.0.infer(k, …)`) are not
//! followed, since what they do is up to a type that somebody else chooses.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Item, Kind, items, list, parse, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Function,
    Method,
    Type,
    Macro,
}

#[derive(Debug)]
struct Definition {
    file: PathBuf,
    what: What,
    name: String,
    code: String,
    public: bool,
}

/// The activation that a layer applies for the one behind it: not its own.
const OF_ANOTHER_LAYER: &str = "kernel/epilogue.rs";

/// What calls what in core.
#[derive(Debug)]
pub struct Calls {
    definitions: Vec<Definition>,
    /// The names that each file imports.
    imports: BTreeMap<PathBuf, BTreeSet<String>>,
    /// The portable bodies of the kernels, by their names.
    kernels: BTreeMap<String, (PathBuf, String)>,
    /// The kernels for which the tokens of instruction sets have bodies of their own, with their traits.
    own: BTreeMap<String, String>,
}

impl Calls {
    /// Reads the repository.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn new(root: &Path) -> io::Result<Self> {
        let core = root.join("core/src");
        let (mut definitions, mut kernels, mut files) = (Vec::new(), BTreeMap::new(), Vec::new());
        let mut imports = BTreeMap::new();
        list(&core, &mut files)?;
        for path in files {
            let file = path.strip_prefix(&core).unwrap_or(&path).to_owned();
            if file == Path::new(OF_ANOTHER_LAYER) {
                continue;
            }
            let text = own_code(&fs::read_to_string(&path)?);
            scan(&file, &text, &mut definitions, &mut kernels);
            let statements = text.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
            // `core::cell::Cell` is no recurrent cell.
            let statements = statements.filter(|path| words(path).next().is_some_and(|first| !first.ends_with("core")));
            imports.insert(file, statements.flat_map(words).map(str::to_owned).collect());
        }
        // What macros define.
        for item in items(&core)?.into_iter().filter(|item| item.file != Path::new(OF_ANOTHER_LAYER)) {
            let what = match item.kind {
                Kind::Function => What::Function,
                Kind::Type => What::Type,
                Kind::Method | Kind::Trait => continue,
            };
            let known = |d: &Definition| d.file == item.file && d.what == what && d.name == item.name;
            if !definitions.iter().any(known) {
                let code = own_code(&item.code);
                definitions.push(Definition { file: item.file, what, name: item.name, code, public: true });
            }
        }
        let mut files = Vec::new();
        list(&root.join("simd/src/kernels"), &mut files)?;
        let simd = files.into_iter().map(fs::read_to_string).collect::<io::Result<String>>()?;
        let families = simd
            .split("impl ")
            .skip(1)
            .filter_map(|rest| Some((words(rest).next()?, rest.split("\n            }\n").next()?)))
            .filter(|(family, _)| family.ends_with("Kernels"));
        let methods = |(family, body): (&str, &'_ str)| -> Vec<(String, String)> {
            let names = body.split("fn ").skip(1).filter_map(|rest| words(rest).next());
            names.map(|name| (name.to_owned(), family.to_owned())).collect()
        };
        let own = families.flat_map(methods).collect();
        Ok(Self { definitions, imports, kernels, own })
    }

    /// The kernels with code of their own for instruction sets that an item reaches.
    #[must_use]
    pub fn own_kernels(&self, item: &Item) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let (mut seen, mut seen_kernels) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![(item.file.as_path(), own_code(&item.code))];
        while let Some((file, code)) = open.pop() {
            for call in calls(&code) {
                let (what, name, path, private) = match call {
                    Call::Kernel(name) => {
                        self.kernel(name, &mut found, &mut seen_kernels, &mut open);
                        continue;
                    }
                    Call::Macro(name, arguments) => {
                        let body = |i: &usize| &self.definitions[*i].code;
                        // A macro gets the names of kernels as arguments.
                        if self.nearest(file, What::Macro, name, "").iter().any(|i| body(i).contains("k.$")) {
                            let named = words(arguments).filter(|word| self.kernels.contains_key(*word));
                            named.for_each(|name| self.kernel(name, &mut found, &mut seen_kernels, &mut open));
                        }
                        (What::Macro, name, "", false)
                    }
                    Call::Function(name, path) => (What::Function, name, path, false),
                    Call::Method(name) => (What::Method, name, "", false),
                    Call::Type(name) => (What::Type, name, "", false),
                    Call::Argument(name) => (What::Type, name, "", true),
                };
                for next in self.nearest(file, what, name, path) {
                    let definition = &self.definitions[next];
                    if private && definition.public {
                        continue;
                    }
                    // A macro's names are those of the place where it is called, or its own.
                    let caller = (what == What::Macro).then_some(file);
                    for place in caller.into_iter().chain([definition.file.as_path()]) {
                        if seen.insert((place, next)) {
                            open.push((place, definition.code.clone()));
                        }
                    }
                }
            }
        }
        // Of kernels that belong together the shortest name: `matmul` for `matmul_nt`.
        let first = |name: &String| {
            let family =
                |short: &&String| self.own.get(name) == self.own.get(*short) && name.starts_with(&format!("{short}_"));
            self.own.keys().filter(family).min_by_key(|short| short.len()).unwrap_or(name).clone()
        };
        found.iter().map(first).collect()
    }

    /// Whether a type, or what the macros make that are called for it, implements one of these traits.
    #[must_use]
    pub fn implements(&self, item: &Item, traits: &[&str]) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![own_code(&item.code)]);
        while let Some(code) = open.pop() {
            let heads = code.match_indices("impl").filter_map(|(at, _)| code[at..].split('{').next());
            let of_item = |(of, ty): (&str, &str)| {
                let ty = ty.trim_start().trim_start_matches("$crate::");
                let own = ty.starts_with('$') || words(ty).next() == Some(&item.name);
                own && traits.iter().any(|name| words(of).any(|word| word == *name))
            };
            if heads.filter_map(|head| head.split_once(" for ")).any(of_item) {
                return true;
            }
            for call in calls(&code) {
                if let Call::Macro(name, _) = call {
                    let next = self.nearest(&item.file, What::Macro, name, "").into_iter();
                    next.filter(|next| seen.insert(*next))
                        .for_each(|next| open.push(self.definitions[next].code.clone()));
                }
            }
        }
        false
    }

    fn kernel<'a>(
        &'a self,
        name: &str,
        found: &mut BTreeSet<String>,
        seen: &mut BTreeSet<String>,
        open: &mut Vec<(&'a Path, String)>,
    ) {
        if self.own.contains_key(name) {
            found.insert(name.to_owned());
        } else if let Some((file, code)) = self.kernels.get(name)
            && seen.insert(name.to_owned())
        {
            open.push((file, code.clone()));
        }
    }

    /// The definitions of this name that a file means: its own, unless a path leads elsewhere, else those that it
    /// imports or names with a path, the nearest first.
    fn nearest(&self, from: &Path, what: What, name: &str, path: &str) -> Vec<usize> {
        let room = |file: &Path| file.iter().next().map(ToOwned::to_owned);
        let imported = self.imports.get(from).is_some_and(|names| names.contains(name));
        // Where a path leads: to a file of that name, or to what a folder exports.
        let leads = |d: &Definition| {
            let part = |part: Option<&OsStr>| part.is_some_and(|part| part.to_string_lossy() == path);
            let folder = part(d.file.parent().and_then(Path::file_name));
            let root = d.file.file_stem().is_some_and(|stem| stem == "mod");
            part(d.file.file_stem()) || folder && root || d.public && d.file.iter().any(|it| part(Some(it)))
        };
        let named = |d: &Definition| match path {
            "" => imported,
            "super" | "crate" => true,
            _ => leads(d),
        };
        let of_name = || self.definitions.iter().enumerate().filter(|(_, d)| d.what == what && d.name == name);
        let elsewhere = of_name().any(|(_, d)| d.file != from && leads(d));
        let near = |d: &Definition, file: &Path| match what {
            _ if file == from && !elsewhere => 4,
            // A method is called on a value of a type that stands near, if not in the file then in a folder
            // about one thing.
            What::Method => i32::from(file.parent() == from.parent() && file.iter().count() > 2),
            What::Type | What::Function if !named(d) => 0,
            _ if file.parent() == from.parent() => 3,
            _ if room(file) == room(from) => 2,
            _ => 1,
        };
        let found: Vec<(usize, i32)> =
            of_name().map(|(i, d)| (i, near(d, &d.file))).filter(|(_, near)| *near > 0).collect();
        let most = found.iter().map(|(_, near)| *near).max();
        found.into_iter().filter(|(_, near)| Some(*near) == most).map(|(i, _)| i).collect()
    }
}

/// Code without its comments, and without the activation that a layer applies for the one behind it.
fn own_code(text: &str) -> String {
    without_comments(text).replace("then.apply(", "then(")
}

/// A text without comments, but with as many lines.
fn without_comments(text: &str) -> String {
    let code = |line: &str| format!("{}\n", line.split("//").next().unwrap_or_default().trim_end());
    text.lines().take_while(|line| *line != "mod tests {").map(code).collect()
}

/// The definitions of a file.
fn scan(file: &Path, text: &str, definitions: &mut Vec<Definition>, kernels: &mut BTreeMap<String, (PathBuf, String)>) {
    let lines: Vec<&str> = text.lines().collect();
    // What begins in the first column and encloses the present line.
    let mut outer = String::new();
    for (i, line) in lines.iter().enumerate() {
        if line.starts_with(|c: char| c.is_alphabetic()) && !line.starts_with("where") {
            let rest = lines[i..].join("\n");
            outer = rest.split('{').next().unwrap_or_default().to_owned();
        }
        let code = line.trim_start();
        let code = code.strip_prefix("pub").map_or(code, |rest| {
            rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest).trim_start()
        });
        let code = code.strip_prefix("const fn ").map_or(code.to_owned(), |rest| format!("fn {rest}"));
        let Some((keyword, rest)) = code.split_once(' ') else { continue };
        let name = words(rest).next().unwrap_or_default().to_owned();
        let macro_outside = outer.starts_with("macro_rules!") || outer.trim_end().ends_with('!');
        let what = match keyword {
            "macro_rules!" => What::Macro,
            "struct" | "enum" | "type" if !line.starts_with(' ') => What::Type,
            "fn" if macro_outside || rest.starts_with('$') => continue,
            "fn" if outer.starts_with("pub trait") && file.starts_with("kernel") => {
                // The token is `self` there.
                let body = words(&parse::block(&lines, i)).count();
                if body > 0 {
                    kernels.insert(name, (file.to_owned(), parse::block(&lines, i).replace("self", "k")));
                }
                continue;
            }
            "fn" if outer.starts_with("impl") && outer.contains(" for ") => continue,
            "fn" if outer.starts_with("impl") => What::Method,
            "fn" => What::Function,
            _ => continue,
        };
        let mut code = parse::block(&lines, i);
        if what == What::Type {
            code.push_str(&parse::mentions(&lines, &name));
        }
        let public = line.starts_with("pub ");
        definitions.push(Definition { file: file.to_owned(), what, name, code, public });
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Call<'a> {
    /// A method of the token.
    Kernel(&'a str),
    /// A macro, and what it is given.
    Macro(&'a str, &'a str),
    /// A function that gets the token, and the last part of the path in front of it.
    Function(&'a str, &'a str),
    /// A method that gets it.
    Method(&'a str),
    /// A type that is named.
    Type(&'a str),
    /// A type that a macro is given: one that another layer has for itself, or another layer.
    Argument(&'a str),
}

fn calls(code: &str) -> impl Iterator<Item = Call<'_>> {
    let mut end_of_arguments = 0;
    words(code).filter_map(move |word| {
        let start = word.as_ptr().addr() - code.as_ptr().addr();
        let (before, after) = (code[..start].trim_end(), skip_generics(&code[start + word.len()..]));
        let method = before.strip_suffix('.');
        if let Some(receiver) = method
            && words(receiver.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default()).last() == Some("k")
            && receiver.ends_with('k')
        {
            return after.starts_with('(').then_some(Call::Kernel(word));
        }
        if let Some(rest) = after.strip_prefix('!') {
            if !rest.trim_start().starts_with(['(', '{', '[']) {
                return None;
            }
            let arguments = inside(rest.trim_start());
            end_of_arguments = end_of_arguments.max(arguments.as_ptr().addr() - code.as_ptr().addr() + arguments.len());
            return Some(Call::Macro(word, arguments));
        }
        if word.starts_with(char::is_uppercase) {
            let call = if start < end_of_arguments { Call::Argument(word) } else { Call::Type(word) };
            return (!before.ends_with("::")).then_some(call);
        }
        let gets_token = || arguments(inside(after)).any(|argument| matches!(argument, "k" | "$k"));
        if !after.starts_with('(') || !gets_token() {
            return None;
        }
        // `Type::function` and `<T as Trait>::function` belong to the type, which is named.
        let path = before.strip_suffix("::");
        let of_type = path.is_some_and(|path| {
            path.ends_with('>') || words(path).last().is_some_and(|word| word.starts_with(char::is_uppercase))
        });
        // The type of a field is named in the type that has it.
        let of_field = method.is_some_and(|receiver| {
            let chain =
                receiver.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next().unwrap_or_default();
            chain.starts_with("self.")
        });
        match method {
            Some(_) if of_field => None,
            Some(_) => Some(Call::Method(word)),
            None if of_type => None,
            None => Some(Call::Function(word, path.and_then(|path| words(path).last()).unwrap_or_default())),
        }
    })
}

/// What stands between a bracket and its partner.
fn inside(text: &str) -> &str {
    let mut depth = 0_u32;
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(1..i).unwrap_or(&text[i..i]);
        }
    }
    &text[text.len()..]
}

/// The text behind `::<…>`.
fn skip_generics(text: &str) -> &str {
    let Some(generics) = text.strip_prefix("::<") else { return text };
    let mut depth = 1;
    for (i, c) in generics.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &generics[i + 1..];
        }
    }
    ""
}

/// Arguments, separated by commas.
fn arguments(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let comma = move |c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && c == ','
    };
    text.split(comma).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_gets_the_token_is_a_call() {
        let code =
            "let s = x.iter().sum(); k.sum(x); rows::norm::<3>(k, x); self.0.infer(k, x); sizes.infer(k); plain(x);";
        let found: Vec<_> = calls(code).collect();
        assert_eq!(found, [Call::Kernel("sum"), Call::Function("norm", "rows"), Call::Method("infer")]);
        let code = "<L as Loss<Y>>::evaluate(k, Max, y); make!(Relu, relu); Self::go(k); Op::Softmax";
        let found: Vec<_> = calls(code).collect();
        let types = ["L", "Loss", "Y", "Max"].map(Call::Type);
        assert_eq!(found[..4], types);
        let rest = [Call::Macro("make", "Relu, relu"), Call::Argument("Relu"), Call::Type("Self"), Call::Type("Op")];
        assert_eq!(found[4..], rest);
    }
}
