//! `.env` files: read, rewritten, and what is wrong with them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;
use relay_config::DotEnv;

fn parse(text: &str) -> DotEnv {
    let (file, problems) = DotEnv::parse(".env", text);
    assert_eq!(problems.to_string(), "");
    file
}

fn value(text: &str) -> String {
    parse(text).get("A").expect("A is set").0.to_owned()
}

#[test]
fn values_are_read_bare_quoted_and_with_escapes() {
    assert_eq!(value("A=b"), "b");
    assert_eq!(value("export A = b c # comment\r\n"), "b c");
    assert_eq!(value("A=b#c"), "b#c");
    assert_eq!(value("A='b # $c \\n'"), "b # $c \\n");
    assert_eq!(value(r#"A="b \"c\"\n\$d \q" # comment"#), "b \"c\"\n$d \\q");
    assert_eq!(value("A="), "");
}

#[test]
fn of_several_lines_the_last_one_counts_and_its_line_is_known() {
    assert_eq!(parse("A=1\n# A=2\nA=3\nB=4\n").get("A"), Some(("3", 3)));
    assert_eq!(parse("B=4\n").get("A"), None);
}

#[test]
fn a_line_that_sets_nothing_is_named_and_its_neighbours_stay() {
    let (file, problems) = DotEnv::parse("home/.env", "A=1\nwhat is this\nB='open\n2C=3\nD=4");
    let told = "the line sets no variable and is no comment; write NAME=VALUE";
    assert_eq!(
        problems.to_string(),
        format!("home/.env:2: {told}\nhome/.env:3: {told}\nhome/.env:4: {told}")
    );
    assert_eq!((file.get("A"), file.get("D")), (Some(("1", 1)), Some(("4", 5))));
}

#[test]
fn setting_a_variable_keeps_everything_else_byte_for_byte() {
    let text = "# mine\r\n\nexport OTHER = 'x'   # why\nA=old\nbroken line\nA=older and current\nZ=1";
    let (mut file, _) = DotEnv::parse(".env", text);
    file.set("A", "new value").expect("a valid name");
    file.set("B", "2").expect("a valid name");
    assert_eq!(
        file.text(),
        "# mine\r\n\nexport OTHER = 'x'   # why\nbroken line\nA=\"new value\"\nZ=1\nB=2\n",
        "an earlier value of the same variable goes: it may be a secret that is out of use"
    );
}

#[test]
fn a_name_that_is_none_and_a_value_with_a_nul_are_refused() {
    let mut file = parse("");
    assert!(file.set("1A", "x").is_err());
    assert!(file.set("A B", "x").is_err());
    let error = file.set("A", "sec\0ret").expect_err("a NUL");
    assert!(!error.to_string().contains("sec"), "{error}");
    assert_eq!(file.text(), "");
}

#[test]
fn it_is_written_for_its_owner_alone_and_replaced_as_a_whole() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("new/home/.env");
    let (mut file, _) = DotEnv::load(&path).expect("a file that is not there is empty");
    file.set("A", "1").expect("a valid name");
    file.write().expect("the folder is made");
    assert_eq!(fs::read_to_string(&path).expect("written"), "A=1\n");
    assert_eq!(fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("our own file");
    let reader = fs::File::open(&path).expect("written");
    file.set("A", "2").expect("a valid name");
    file.write().expect("written again");
    assert_eq!(fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::io::read_to_string(reader).expect("open"),
        "A=1\n",
        "the old file stays whole for its reader"
    );
    let files = fs::read_dir(path.parent().expect("a folder")).expect("a folder").count();
    assert_eq!(files, 1, "nothing is left beside it");
}

#[test]
fn a_link_is_written_through() {
    let home = tempfile::tempdir().expect("a folder");
    let (target, link) = (home.path().join("elsewhere.env"), home.path().join(".env"));
    fs::write(&target, "A=1\n").expect("a file");
    symlink(&target, &link).expect("a link");
    let (mut file, _) = DotEnv::load(&link).expect("readable");
    file.set("A", "2").expect("a valid name");
    file.write().expect("writable");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(fs::read_to_string(&target).expect("there"), "A=2\n");
}

#[test]
fn a_write_that_fails_leaves_the_old_file_whole() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join(".env");
    fs::create_dir(&path).expect("a folder in the place of the file");
    let (mut file, _) = DotEnv::parse(&path, "");
    file.set("A", "2").expect("a valid name");
    assert!(file.write().is_err());
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1, "and no temporary file");
}

#[test]
fn debug_shows_names_and_no_values() {
    let shown = format!("{:?}", parse("SECRET=hunter2\n"));
    assert!(shown.contains("SECRET") && !shown.contains("hunter2"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_kept(text in ".*|(export )?[A-Z]{0,3} ?= ?['\"]?.{0,8}['\"]?(\n|\r\n)?") {
        let (file, _) = DotEnv::parse(".env", &text);
        prop_assert_eq!(file.text(), text);
    }

    #[test]
    fn what_is_set_is_read_again(before in "(#.{0,8}\n|B=.{0,8}\n){0,4}", value in "[^\0]{0,24}") {
        let (mut file, _) = DotEnv::parse(".env", &before);
        file.set("A", &value).expect("a valid name");
        let text = file.text();
        let (again, _) = DotEnv::parse(".env", &text);
        prop_assert_eq!(again.get("A").map(|(value, _)| value), Some(value.as_str()), "{}", text);
    }
}
