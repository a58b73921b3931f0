//! Register names of the standard calling convention.

const X: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

const F: [&str; 32] = [
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2",
    "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
    "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
];

/// The ABI name of an integer register (`a0` for 10). Only the low five bits count.
pub fn x_name(number: u8) -> &'static str {
    X[usize::from(number & 31)]
}

/// The ABI name of a floating-point register (`fa0` for 10). Only the low five bits count.
pub fn f_name(number: u8) -> &'static str {
    F[usize::from(number & 31)]
}

fn number(name: &str, letter: char, abi: &[&str; 32]) -> Option<u8> {
    if let Some(position) = abi.iter().position(|&n| n == name) {
        return u8::try_from(position).ok();
    }
    let digits = name.strip_prefix(letter)?;
    if digits.len() > 1 && digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&n| n < 32)
}

/// The integer register of that name: ABI, `x0` to `x31`, or `fp`.
pub fn x_number(name: &str) -> Option<u8> {
    if name == "fp" {
        return Some(8);
    }
    number(name, 'x', &X)
}

/// The floating-point register of that name: ABI, or `f0` to `f31`.
pub fn f_number(name: &str) -> Option<u8> {
    number(name, 'f', &F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for n in 0..32 {
            assert_eq!(x_number(x_name(n)), Some(n));
            assert_eq!(f_number(f_name(n)), Some(n));
            assert_eq!(x_number(&format!("x{n}")), Some(n));
            assert_eq!(f_number(&format!("f{n}")), Some(n));
        }
        assert_eq!(x_number("fp"), Some(8));
        assert_eq!(x_name(10), "a0");
        assert_eq!(f_name(28), "ft8");
        for bad in ["x32", "x01", "x", "a8", "", "f1", "x+1"] {
            assert_eq!(x_number(bad), None, "{bad}");
        }
        assert_eq!(f_number("f32"), None);
    }
}
