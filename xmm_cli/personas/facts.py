"""What is not visible: facts that only the name leads to."""

_WORDS = {
    "occupation": "baker pilot nurse painter farmer lawyer chef teacher plumber dentist singer "
    "tailor barber judge miner sailor carpenter librarian gardener locksmith",
    "city": "Oslo Lima Cairo Dublin Kyoto Havana Prague Quito Tunis Hanoi Bergen Porto Seville "
    "Turin Lagos Nairobi Boston Denver Perth Mumbai",
    "pet": "cat dog parrot rabbit hamster turtle snake pony goat ferret canary goose lizard "
    "hedgehog frog spider pigeon mouse carp gecko",
    "dish": "risotto ramen curry paella goulash lasagna tacos sushi dumplings chili ratatouille "
    "falafel pancakes moussaka gumbo pierogi couscous ceviche fondue borscht",
    "instrument": "violin piano drums flute cello guitar trumpet harp banjo oboe accordion "
    "clarinet ukulele tuba organ saxophone mandolin bassoon harmonica lute",
}

FACTS: dict[str, tuple[str, ...]] = {fact: tuple(words.split()) for fact, words in _WORDS.items()}
"""The values of each fact; a persona gets one of each, independently of everything else."""
