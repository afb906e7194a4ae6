"""What a persona can look like, and how each look is worded.

Every attribute is visible in a picture of the default size. Each value has wordings for training
descriptions and others for held-out descriptions, so that a held-out description is never solved
by matching words. A wording is a noun phrase that fits after "with"; in hairstyles and garments
`{color}` takes the colour word, or nothing where a description leaves the colour out.
"""

from dataclasses import dataclass

from xmm_cli.rows.types import Split


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute and its wordings by split."""

    train: tuple[str, ...]
    heldout: tuple[str, ...]

    def wordings(self, split: Split) -> tuple[str, ...]:
        """The wordings that descriptions of `split` may use."""
        return self.train if split == "train" else self.heldout


VOCABULARY: dict[str, dict[str, Value]] = {
    "hairstyle": {
        "short": Value(
            ("short {color} hair", "{color} hair that is cut short"),
            ("close-cropped {color} hair", "{color} hair trimmed close to the head"),
        ),
        "bun": Value(
            ("{color} hair tied up in a bun", "a {color} topknot"),
            ("{color} hair gathered in a knot on top", "{color} hair pinned up in a bun"),
        ),
        "bob": Value(
            ("a {color} bob", "chin-length {color} hair"),
            ("{color} hair ending at the jaw", "a {color} pageboy cut"),
        ),
        "straight": Value(
            ("long straight {color} hair", "sleek {color} hair past the shoulders"),
            ("smooth {color} hair hanging far down", "straight {color} hair of great length"),
        ),
        "wavy": Value(
            ("long wavy {color} hair", "loose {color} waves"),
            ("flowing {color} curls", "{color} hair falling in soft waves"),
        ),
        "afro": Value(
            ("a {color} afro", "a big round cloud of {color} hair"),
            ("a large rounded {color} afro", "{color} hair like a ball around the head"),
        ),
        "mohawk": Value(
            ("a {color} mohawk", "a narrow crest of {color} hair"),
            ("a {color} strip of hair on a shaved head", "a {color} punk crest"),
        ),
        "dreadlocks": Value(
            ("{color} dreadlocks", "thick {color} locs"),
            ("{color} hair in heavy ropes", "long {color} dreads"),
        ),
        "spiky": Value(
            ("wild spiky {color} hair", "{color} hair standing on end"),
            ("untamed {color} spikes", "{color} hair sticking out everywhere"),
        ),
        "mullet": Value(
            ("a {color} mullet", "shaggy {color} hair that flips out at the neck"),
            ("{color} hair left longer at the back", "a shaggy {color} cut with a tail behind"),
        ),
    },
    "hair_color": {
        "black": Value(("black", "raven"), ("jet-black", "coal-colored")),
        "brown": Value(("brown", "chestnut"), ("hazel-brown", "walnut-colored")),
        "blonde": Value(("blonde", "golden"), ("flaxen", "straw-colored")),
        "red": Value(("red", "ginger"), ("copper-red", "fiery orange")),
        "gray": Value(("gray", "silver"), ("ash-gray", "steel-colored")),
        "pink": Value(("pink", "rose"), ("bubblegum-pink", "flamingo-colored")),
        "blue": Value(("blue", "cobalt"), ("sky-blue", "sapphire")),
    },
    "skin_tone": {
        "pale": Value(("pale skin", "a fair complexion"), ("porcelain skin", "very light skin")),
        "tan": Value(("tan skin", "an olive complexion"), ("sun-kissed skin", "golden-tan skin")),
        "brown": Value(
            ("brown skin", "a caramel complexion"), ("bronze skin", "warm medium-brown skin")
        ),
        "dark": Value(("dark skin", "a deep brown complexion"), ("ebony skin", "very dark skin")),
    },
    "facial_hair": {
        "none": Value(
            ("no facial hair", "a clean-shaven face"), ("a smooth chin", "a face without a beard")
        ),
        "goatee": Value(
            ("a short beard", "a trimmed goatee"), ("a neat little beard", "a light chin beard")
        ),
        "beard": Value(
            ("a full beard", "a long bushy beard"), ("a huge beard", "a thick beard to the chest")
        ),
        "moustache": Value(
            ("a moustache", "a thick moustache"), ("a broad moustache", "hair on the upper lip")
        ),
    },
    "eyewear": {
        "none": Value(("no glasses", "nothing over the eyes"), ("bare eyes", "no eyewear")),
        "glasses": Value(
            ("glasses", "dark-rimmed glasses"), ("spectacles", "a pair of reading glasses")
        ),
        "sunglasses": Value(("sunglasses", "dark shades"), ("tinted glasses", "black sunglasses")),
        "eyepatch": Value(
            ("an eyepatch", "a patch over one eye"), ("one eye covered", "a pirate's patch")
        ),
    },
    "garment": {
        "blazer": Value(
            ("a dark blazer over a {color} shirt", "a dark jacket on top of a {color} shirt"),
            ("a {color} shirt under a dark suit coat", "a {color} shirt below an open dark blazer"),
        ),
        "hoodie": Value(
            ("a {color} hoodie", "a {color} hooded top"),
            ("a {color} hooded sweatshirt", "a {color} top with a hood and cords"),
        ),
        "overalls": Value(
            ("{color} overalls", "{color} dungarees"),
            ("{color} bib overalls", "{color} workwear with straps"),
        ),
        "sweater": Value(
            ("a {color} sweater with a white collar", "a collared {color} pullover"),
            ("a {color} jumper with a pale collar", "a {color} knit top and a white collar"),
        ),
        "t-shirt": Value(
            ("a {color} t-shirt", "a {color} tee with a wide neck"),
            ("a low-necked {color} tee", "a simple {color} scoop-neck shirt"),
        ),
    },
    "garment_color": {
        "black": Value(("black", "charcoal"), ("ink-black", "night-dark")),
        "white": Value(("white", "snowy"), ("chalk-white", "milk-colored")),
        "red": Value(("red", "scarlet"), ("crimson", "tomato-colored")),
        "blue": Value(("blue", "azure"), ("royal-blue", "ocean-colored")),
        "green": Value(("green", "emerald"), ("leaf-green", "grass-colored")),
        "yellow": Value(("yellow", "mustard"), ("lemon-yellow", "banana-colored")),
        "pink": Value(("pink", "magenta"), ("hot-pink", "fuchsia")),
    },
}

ATTRIBUTES: tuple[str, ...] = tuple(VOCABULARY)

COLOR_OF = {"hairstyle": "hair_color", "garment": "garment_color"}
"""Which colour attribute fills `{color}` in the wordings of another attribute."""
