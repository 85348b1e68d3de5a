"""Check digits of national numbers: what passes one is hardly anything else."""

from __future__ import annotations

DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17,
            19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True))  # fmt: skip


def bare(text: str) -> str:
    """Letters and digits alone, in capitals."""
    return "".join(c for c in text.upper() if c.isalnum())


def is_dni(number: str) -> bool:
    """Spanish DNI or NIE: the letter is the number modulo 23."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return digits.isdecimal() and DNI_LETTERS[int(digits) % 23] == number[-1]


def is_nass(number: str) -> bool:
    """Spanish social security number: the last two of twelve digits are the rest modulo 97."""
    province, middle, check = number[:2], number[2:10], number[10:]
    value = int(province + middle.lstrip("0")) if middle[0] == "0" else int(province + middle)
    return value % 97 == int(check)


def is_nhs(number: str) -> bool:
    """NHS number of England: weighted sum modulo 11."""
    check = 11 - sum(int(c) * (10 - place) for place, c in enumerate(number[:9])) % 11
    return check != 10 and check % 11 == int(number[9])


def is_nir(number: str) -> bool:
    """French NIR of 15 signs: key = 97 - number modulo 97, Corsica's letters counted as 19 and 18."""
    digits = number[:13].replace("2A", "19").replace("2B", "18")
    return digits.isdecimal() and 97 - int(digits) % 97 == int(number[13:])


def is_codice_fiscale(code: str) -> bool:
    """Italian tax code of 16 signs: the last one is the check letter."""
    total = sum(
        _ODD[c] if place % 2 == 0 else int(c, 36) - (10 if c.isalpha() else 0) for place, c in enumerate(code[:15])
    )
    return chr(65 + total % 26) == code[15]


def is_bsn(number: str) -> bool:
    """Dutch BSN of 9 digits: the "eleven test"."""
    return (sum(int(c) * (9 - place) for place, c in enumerate(number[:8])) - int(number[8])) % 11 == 0


def is_iban(code: str) -> bool:
    """IBAN, ISO 13616: modulo 97 is 1."""
    turned = code[4:] + code[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def is_luhn(number: str) -> bool:
    """Payment cards and others: Luhn's sum."""
    doubled = [int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def is_kvnr(code: str) -> bool:
    """German health insurance number: a letter, eight digits, and Luhn's sum in a variant of its own."""
    digits = f"{ord(code[0]) - 64:02d}{code[1:9]}"
    total = sum(sum(map(int, str(int(c) * (1 + place % 2)))) for place, c in enumerate(digits))
    return total % 10 == int(code[9])
