//! Every format against hashes computed with other implementations, and against damage of every kind.

use proptest::prelude::*;

use super::*;

const PASSWORD: &str = "kleiner Bär 7";

/// [`PASSWORD`] in every format, made with OpenSSL, Python's hashlib and libxcrypt.
const HASHES: &[&str] = &[
    "$2a$04$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
    "$2b$04$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
    "$2y$04$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
    "$argon2id$v=19$m=96,t=2,p=2$c2l4dGVlbiBieXRlIHNsdA$xCsVNz3+oEqUesI71cqe7DnKYgLo6MWu",
    "$argon2i$v=19$m=64,t=3,p=1$c2l4dGVlbiBieXRlIHNsdA$r2CkwD8sg0grODS4guRL8uwckwgzCzeTL4JTnW/LT6s",
    "$pbkdf2-sha1$i=37,l=40$c2l4dGVlbiBieXRlIHNsdA$TkwNupJdErgdMvAMU81MX6MLLByTv6nyPxrBLBLmTY5UrWMVkz0+gA",
    "$pbkdf2-sha224$i=37,l=40$c2l4dGVlbiBieXRlIHNsdA$HeroCZ0xvZNMty8b/M1+QlrGSwp1gChI/Wl7VxLux6NXCuUBWVW7ug",
    "$pbkdf2-sha256$i=37,l=40$c2l4dGVlbiBieXRlIHNsdA$/wq3od04L2sLUgNbnptqhSI7B3gK/7hBQu5YxrT6gPe8SCtmjrDyHA",
    "$pbkdf2-sha384$i=37,l=40$c2l4dGVlbiBieXRlIHNsdA$qN+ZlGptbsNVLrq/MDeRnu+g/lWDiBVESUXrHO2lC4uXZFJ4KQqCaQ",
    "$pbkdf2-sha512$i=37,l=40$c2l4dGVlbiBieXRlIHNsdA$Lw3KuKZRvhbU66rNXucjJ+S/Iu53LF9NF1AtBWVw0/GN2ThlB1dQLQ",
    "$scrypt$ln=256,r=4,p=2$c2l4dGVlbiBieXRlIHNsdA==$zNZZu9Oyjk10dj6DKh86QHSg080/SQlxd0FGpzofrGxo9MIW8FaJpH70ZJqzwIqo",
    "$firescrypt$ln=7,r=8,p=1$c2l4dGVlbiBieXRlIHNsdA==$vrzs5LkhIKwoHIjdfyben/z4yhuVZIFEN2ks2ZhJYFXAX5aGOH4gANmfocx0KccWIvDf+pliIKTjBMvbf5weCQ==$Cw==$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==",
    "$sha1$mi7t5GSXAsGebQuTnbEX5K6AZGA=",
    "$sha1$pf=PHtTQUxUfTp7UEFTU1dPUkR9Pg==$c2l4dGVlbiBieXRlIHNsdA==$6EHhhpWboD4eH6xtQJWRO4/WUYs=",
    "$sha256$G0S6zUh3xHVIG/NyUY8Kf8yW49AjoHI59UJHbVGI7BA=",
    "$sha256$pf=PHtTQUxUfTp7UEFTU1dPUkR9Pg==$c2l4dGVlbiBieXRlIHNsdA==$7CUVaF7hmC7Na5SafrzsszjSBj+W2a3UK31HfKSxRZg=",
    "$sha512$opLYCBayGwYGW3B3H8O73+miv/29CI36wElVtYAs3YQYjApy0Co0r5c1/nsuRDKW94bPP10YAYJ8n7AuOjknTA==",
    "$sha512$pf=PHtTQUxUfTp7UEFTU1dPUkR9Pg==$c2l4dGVlbiBieXRlIHNsdA==$vRTRIe/0cAhzmL/V7u94y9Yu+pk40Pwkzrbe4QxTqUlTbsYVO8FbjDqj8AwErskmUYiQJWncPrJTDOyVFXutlg==",
    "$md5$b7r+YTum5I3ME0VmJ0hkZQ==",
    "$md5$pf=PHtTQUxUfTp7UEFTU1dPUkR9Pg==$c2l4dGVlbiBieXRlIHNsdA==$IfEhRC07EYiKL36GtOn8eQ==",
    "{SSHA}cskEVCW2KtvA77zfF9WlsLaby11zaXh0ZWVuIGJ5dGUgc2x0",
    "{SSHA256}NqY4M9qSit2c2zcc0wi4zXle+Wl/rjtMO7zI69K1updzaXh0ZWVuIGJ5dGUgc2x0",
    "{SSHA512}mc+uR4lKha+Qv2+yj36MA+UFpHGq7S3HhitMDAqXi53ilasBCfgx0spcDXntcJE27gpbfugmz38Axkf/mPobfnNpeHRlZW4gYnl0ZSBzbHQ=",
    "$hmac-md5$NjA4ZmIwNTMwZWI3NWViOWYzNzY4MDQ1MzRlYWJiZTY=$cGVwcGVy",
    "$hmac-sha1$Y2MyMGZlODkxN2U1OTQzNDJhMzg3Yzc3MzFjODJjYTllZDE5ZGJkOA==$cGVwcGVy",
    "$hmac-sha224$ODQ5ZjI1YzcxYmEyOWJkNTI3YzBkNTE1OTM0Yjc2NmI0NDIzOTdkMjIzYTY3ZDU3Mzg4Y2Y5MGE=$cGVwcGVy",
    "$hmac-sha256$NTVlMjRlZDk2NDBiZjkxMjc4ODYwYzgyNjI4MjMxYjhlNTg3ZGIxNjA0NTdmMWJmYmJhMDI2MGE5ODEyNDVkOQ==$cGVwcGVy",
    "$hmac-sha384$ZTRmMzYyYzY4ZmU4NjU3MjFiZTkyZTI4OGYxZDNlM2JiY2FkNGUzNTlmMzYzMmFlMjk3MjQzMTQzNGQwOTA2MWZiMWYxMTczNmIwZjM5M2JjNDM1MmZmYzdiNDZmMTQ3$cGVwcGVy",
    "$hmac-sha512$MDZiMGVhOTMzMmMzMWJiNDIzYTJhMDA3YzA2ZGUxNzRkZDg0MjdlNjE4OWY0NDlmNGEwNzdjYzBiZmVjNDFkNzliMTBiZDgwNzI1ZDM1NmMyNGM2N2EyZmUzNDU2YzY1MzlkYjNjZGVjMmNlMDQ1Y2QyMzYzYzczNzA2ZjhmN2U=$cGVwcGVy",
    "$hmac-md4$MzRmZWQ1NzU5Y2Q0NThkZWU1OTQzZmU5YzQ3ZmM0ZDY=$cGVwcGVy",
    "$md5-crypt$badger42$5wkdqPOfPQTJYnF8HJQOJ1",
    "$1$badger42$5wkdqPOfPQTJYnF8HJQOJ1",
    "$sha256-crypt$badger42burrow$2YCqSp3COgEnSsQjxl5ciMR5pxBDesYHImj/xY/Lvy0",
    "$sha256-crypt$rounds=1234$badger42$g5znfXa/812B.Su0x6.EgjCFLlJVIdpKsPfdyzluXJ/",
    "$5$badger$oR.DMclzQ6lzou3QOL7w7pAKlefBoCh7rdYCAr00Kl5",
    "$sha512-crypt$badger42burrow$2uGRIn934YaFA214F5ECed/JZkf75cWBE3JiwjwpKIi1xJ0BerBK1CnP5UuXihZMdu9MH0KnvH.gqHKp5WGMJ0",
    "$sha512-crypt$rounds=1234$badger42$kPFB/V/uplFGM5v.MpUuwuhUHK9TL0EwkM1k17RZeBWim96iboQpJOYV.Fcl2tH7GIMwCDu7D4UDGGUvPaPa8/",
    "$6$badger$sMd3nV1L1qI7BZ2rFXLYZvctXOs/zwZTufxV4eor/JwyOGvpyLh0QOqF5HgwQTHQWmUPkRDbMb00FSD9TxGZN0",
];

const ARGON2: Algorithm = Algorithm::Argon2 {
    memory: 96,
    iterations: 2,
    parallelism: 2,
    salt_length: 16,
    key_length: 24,
};

fn of_format(start: &str) -> &'static str {
    HASHES.iter().find(|hash| hash.starts_with(start)).unwrap()
}

#[test]
fn every_format_takes_the_right_password_and_refuses_others() {
    for hash in HASHES {
        assert!(is_recognized(hash), "{hash}");
        assert_eq!(verify(PASSWORD, hash), Ok(true), "{hash}");
        for wrong in [
            "kleiner Bär 8",
            "kleiner Bär 7 ",
            "kleiner Bär",
            "",
            "Kleiner Bär 7",
        ] {
            assert_eq!(verify(wrong, hash), Ok(false), "{wrong:?} {hash}");
        }
    }
}

#[test]
fn no_format_takes_a_hash_that_was_cut() {
    // A shorter output of scrypt is the beginning of a longer one, and its format does not say how long it is.
    for hash in HASHES.iter().filter(|hash| !hash.starts_with("$scrypt$")) {
        for end in (0..hash.len()).filter(|&end| hash.is_char_boundary(end)) {
            let cut = &hash[..end];
            let only_padding = hash.trim_end_matches('=') == cut.trim_end_matches('=');
            assert!(only_padding || verify(PASSWORD, cut) != Ok(true), "{cut}");
        }
    }
}

#[test]
fn an_empty_hash_matches_nothing() {
    for id in [
        "md5",
        "sha1",
        "sha256",
        "sha512",
        "md5-crypt",
        "5",
        "6",
        "2a",
    ] {
        assert_ne!(verify("", &format!("${id}$")), Ok(true), "{id}");
        assert_ne!(verify("", &format!("${id}$$")), Ok(true), "{id}");
    }
    for hash in [
        "$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlIHNsdA$",
        "$pbkdf2-sha256$i=1,l=0$c2FsdA$",
        "$scrypt$ln=256,r=4,p=2$c2FsdA$",
        "$firescrypt$ln=7,r=8,p=1$c2FsdA$$Cw$",
        "$hmac-md5$$a2V5",
        "{SSHA}",
        "$sha256-crypt$salt$",
        "$6$rounds=1000$salt$",
    ] {
        assert_eq!(verify("", hash), Err(VerifyError::Damaged), "{hash}");
    }
}

#[test]
fn damaged_hashes_are_told_from_unknown_ones() {
    for (hash, error) in [
        ("", VerifyError::UnknownFormat),
        ("password", VerifyError::UnknownFormat),
        ("$", VerifyError::UnknownFormat),
        ("$nonsense$abc", VerifyError::UnknownFormat),
        (
            "$2x$04$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
            VerifyError::UnknownFormat,
        ),
        ("$hmac-sha3$YQ==$YQ==", VerifyError::UnknownFormat),
        ("{CRYPT}abc", VerifyError::UnknownFormat),
        ("$2a$04$tooshort", VerifyError::Damaged),
        (
            "$2a$x4$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
            VerifyError::Damaged,
        ),
        ("$2a$0ä$", VerifyError::Damaged),
        ("$argon2id$v=19$m=64", VerifyError::Damaged),
        (
            "$argon2id$v=16$m=96,t=2,p=2$c2l4dGVlbiBieXRlIHNsdA$xCsVNz3+oEqUesI71cqe7DnKYgLo6MWu",
            VerifyError::Damaged,
        ),
        (
            "$argon2id$v=19$m=0,t=0,p=0$c2l4dGVlbiBieXRlIHNsdA$xCsVNz3+oEqUesI71cqe7DnKYgLo6MWu",
            VerifyError::Damaged,
        ),
        ("$pbkdf2-sha256$i=x,l=32$a$b", VerifyError::Damaged),
        (
            "$pbkdf2-sha256$i=0,l=8$c2FsdA$c2FsdHNhbHQ",
            VerifyError::Damaged,
        ),
        (
            "$pbkdf2-sha999$i=1000,l=8$c2FsdA$c2FsdHNhbHQ",
            VerifyError::Damaged,
        ),
        (
            "$scrypt$ln=3,r=8,p=1$c2FsdA==$c2FsdHNhbHQ=",
            VerifyError::Damaged,
        ),
        ("$md5$not base64", VerifyError::Damaged),
        (
            "$md5$pf=e1NBTFR9$c2FsdA==$b7r+YTum5I3ME0VmJ0hkZQ==",
            VerifyError::Damaged,
        ),
        ("{SSHA}c2FsdA==", VerifyError::Damaged),
        ("$hmac-md5$bm90IGhleGFkZWNpbWFs$YQ==", VerifyError::Damaged),
        ("$1$salt$short", VerifyError::Damaged),
        (
            "$5$rounds=x$salt$2YCqSp3COgEnSsQjxl5ciMR5pxBDesYHImj/xY/Lvy0",
            VerifyError::Damaged,
        ),
    ] {
        assert_eq!(verify(PASSWORD, hash), Err(error), "{hash}");
    }
}

#[test]
fn hashes_that_would_exhaust_the_server_are_refused() {
    for hash in [
        "$2a$31$KBCwKxOzLha2MR.vKhZYPudnfJc77uCssyXzDAZqHRhXJvw5oexGi",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c2l4dGVlbiBieXRlIHNsdA$xCsVNz3+oEqUesI71cqe7DnKYgLo6MWu",
        "$argon2id$v=19$m=64,t=4294967295,p=1$c2l4dGVlbiBieXRlIHNsdA$xCsVNz3+oEqUesI71cqe7DnKYgLo6MWu",
        "$pbkdf2-sha256$i=4294967295,l=8$c2FsdA$c2FsdHNhbHQ",
        "$scrypt$ln=2147483648,r=8,p=1$c2FsdA==$c2FsdHNhbHQ=",
        "$scrypt$ln=2,r=4294967295,p=1$c2FsdA==$c2FsdHNhbHQ=",
        "$scrypt$ln=2,r=1,p=4294967295$c2FsdA==$c2FsdHNhbHQ=",
        "$firescrypt$ln=64,r=8,p=1$c2FsdA==$c2FsdHNhbHQ=$Cw$c2FsdHNhbHQ=",
        "$6$rounds=999999999$badger$sMd3nV1L1qI7BZ2rFXLYZvctXOs",
    ] {
        assert_eq!(
            verify(PASSWORD, hash),
            Err(VerifyError::TooExpensive),
            "{hash}"
        );
    }
}

#[test]
fn the_beginning_is_enough_to_be_recognized() {
    for hash in [
        "$2a$04$tooshort",
        "$argon2id$",
        "$pbkdf2-sha999$i=1",
        "$md5$?",
        "{SSHA512}",
        "$1$",
    ] {
        assert!(is_recognized(hash), "{hash}");
    }
    for hash in [
        "",
        "$",
        "$$",
        "x",
        "$nonsense$abc",
        "$hmac-sha3$YQ==$YQ==",
        "{SHA}abc",
        "$2$04$",
        "2a$04$",
    ] {
        assert!(!is_recognized(hash), "{hash}");
    }
}

#[test]
fn bcrypt_takes_72_bytes_and_nothing_beyond_them() {
    // Both from libxcrypt.
    let xs = "$2b$04$KBCwKxOzLha2MR.vKhZYPuGVh5lHvdqBWioxPp42dTcOZelYFypoe";
    let y = "$2b$04$KBCwKxOzLha2MR.vKhZYPugYF/d6euL.mILNge3aYh0TzChsfKLbW";
    assert_eq!(verify(&"x".repeat(72), xs), Ok(true));
    assert_eq!(verify(&format!("{}y", "x".repeat(71)), y), Ok(true));
    assert_eq!(verify(&"x".repeat(71), xs), Ok(false));
    // libxcrypt ignores what follows; here it must not pass.
    assert_eq!(verify(&"x".repeat(73), xs), Ok(false));
    let random = Random::seeded(1);
    let bcrypt = Algorithm::Bcrypt { cost: 4 };
    assert_eq!(
        hash(&random, &"x".repeat(73), &bcrypt),
        Err(HashError::TooLong { limit: 72 })
    );
    assert!(hash(&random, &"x".repeat(72), &bcrypt).is_ok());
    assert!(hash(&random, &"x".repeat(73), &ARGON2).is_ok());
}

#[test]
fn no_password_is_longer_than_the_limit() {
    let long = "x".repeat(MAX_PASSWORD + 1);
    assert_eq!(verify(&long, of_format("$6$")), Ok(false));
    assert_eq!(
        hash(&Random::seeded(1), &long, &ARGON2),
        Err(HashError::TooLong {
            limit: MAX_PASSWORD
        })
    );
}

#[test]
fn md5_crypt_of_passwords_of_every_length() {
    for (password, hash) in [
        ("", "$1$x$fwjfZtMwarkdetsjiQreU1"),
        ("a", "$1$x$P8VObTrxaqT4VBmnH06P8."),
        ("0123456789abcdef", "$1$x$2EdUsAP9rneKidv.e/Jcn."),
        (
            "0123456789abcdef0123456789abcdefXYZ",
            "$1$x$zD6UvNLRH3Dze5G5nz/eK/",
        ),
    ] {
        assert_eq!(verify(password, hash), Ok(true), "{password}");
    }
}

#[test]
fn new_hashes_have_the_form_of_the_reference() {
    let random = Random::seeded(1);
    let bcrypt = hash(&random, PASSWORD, &Algorithm::Bcrypt { cost: 5 }).unwrap();
    assert!(bcrypt.starts_with("$2a$05$"), "{bcrypt}");
    assert_eq!(bcrypt.len(), 60);
    assert_eq!(verify(PASSWORD, &bcrypt), Ok(true));
    let argon2 = hash(&random, PASSWORD, &ARGON2).unwrap();
    assert!(
        argon2.starts_with("$argon2id$v=19$m=96,t=2,p=2$"),
        "{argon2}"
    );
    assert!(!argon2.contains('='.to_string().repeat(2).as_str()));
    let [_, _, salt, key] = encoding::parts(argon2.strip_prefix("$argon2id$").unwrap()).unwrap();
    assert_eq!(encoding::base64(salt).unwrap().len(), 16);
    assert_eq!(encoding::base64(key).unwrap().len(), 24);
    assert_eq!(verify(PASSWORD, &argon2), Ok(true));
}

#[test]
fn unusable_parameters_are_an_error() {
    let random = Random::seeded(1);
    for algorithm in [
        Algorithm::Bcrypt { cost: 3 },
        Algorithm::Bcrypt { cost: 21 },
        Algorithm::Argon2 {
            memory: 1,
            iterations: 1,
            parallelism: 1,
            salt_length: 16,
            key_length: 32,
        },
        Algorithm::Argon2 {
            memory: 64,
            iterations: 0,
            parallelism: 1,
            salt_length: 16,
            key_length: 32,
        },
        Algorithm::Argon2 {
            memory: 64,
            iterations: 1,
            parallelism: 1,
            salt_length: 4,
            key_length: 32,
        },
        Algorithm::Argon2 {
            memory: u32::MAX,
            iterations: 1,
            parallelism: 1,
            salt_length: 16,
            key_length: 32,
        },
    ] {
        let result = hash(&random, PASSWORD, &algorithm);
        assert!(
            matches!(result, Err(HashError::Parameters(_))),
            "{algorithm:?}"
        );
        dummy_verify(PASSWORD, &algorithm);
    }
}

#[test]
fn a_hash_is_replaced_when_algorithm_or_parameters_differ() {
    let random = Random::seeded(1);
    let bcrypt = Algorithm::Bcrypt { cost: 4 };
    for kept in ["$2a$", "$2b$", "$2y$"] {
        assert!(!needs_rehash(of_format(kept), &bcrypt), "{kept}");
        assert!(needs_rehash(
            of_format(kept),
            &Algorithm::Bcrypt { cost: 5 }
        ));
        assert!(needs_rehash(of_format(kept), &ARGON2));
    }
    assert!(!needs_rehash(of_format("$argon2id$"), &ARGON2));
    assert!(needs_rehash(of_format("$argon2i$"), &ARGON2));
    assert!(needs_rehash(of_format("$argon2id$"), &bcrypt));
    for (memory, iterations, parallelism, salt_length, key_length) in [
        (97, 2, 2, 16, 24),
        (96, 3, 2, 16, 24),
        (96, 2, 1, 16, 24),
        (96, 2, 2, 17, 24),
        (96, 2, 2, 16, 25),
    ] {
        let other = Algorithm::Argon2 {
            memory,
            iterations,
            parallelism,
            salt_length,
            key_length,
        };
        assert!(needs_rehash(of_format("$argon2id$"), &other), "{other:?}");
        let made = hash(&random, PASSWORD, &other).unwrap();
        assert!(!needs_rehash(&made, &other));
    }
    for imported in HASHES
        .iter()
        .filter(|hash| !hash.starts_with("$2") && !hash.starts_with("$argon"))
    {
        assert!(
            needs_rehash(imported, &bcrypt) && needs_rehash(imported, &ARGON2),
            "{imported}"
        );
    }
    assert!(needs_rehash("$nonsense$", &bcrypt));
}

#[test]
fn memory_is_known_before_it_is_taken() {
    for (start, memory) in [
        ("$argon2id$", 96),
        ("$argon2i$", 64),
        ("$scrypt$", 128),
        ("$firescrypt$", 128),
        ("$2a$", 0),
    ] {
        assert_eq!(
            StoredHash::parse(of_format(start)).unwrap().memory(),
            memory,
            "{start}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_can_be_looked_at(hash: String, password: String) {
        prop_assert_ne!(verify(&password, &hash), Ok(true));
        prop_assert!(needs_rehash(&hash, &ARGON2));
        let led_in = format!("x{hash}");
        prop_assert!(!is_recognized(&led_in));
    }

    #[test]
    fn so_can_texts_that_begin_well(format in 0..HASHES.len(), tail in "[$,=a-zA-Z0-9+/.{}]{0,60}") {
        let hash = HASHES[format];
        let id = hash.rfind('}').or_else(|| Some(hash[1..].find('$')? + 1)).unwrap();
        let hash = format!("{}{tail}", &hash[..=id]);
        prop_assert!(is_recognized(&hash));
        // Only parsed: a well-formed tail may ask for more work than a test should do.
        prop_assert!(!matches!(StoredHash::parse(&hash), Err(VerifyError::UnknownFormat)));
    }

    #[test]
    fn what_is_hashed_verifies(password in ".{0,17}") {
        let random = Random::seeded(1);
        for algorithm in [Algorithm::Bcrypt { cost: 4 }, ARGON2] {
            let hash = hash(&random, &password, &algorithm).unwrap();
            prop_assert_eq!(verify(&password, &hash), Ok(true));
            prop_assert_eq!(verify(&format!("{password}x"), &hash), Ok(false));
        }
    }
}
