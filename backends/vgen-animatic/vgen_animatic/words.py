"""The words that an animatic knows."""

from __future__ import annotations

from vgen_animatic.camera import Move


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SCENES = {
    "city": _set(
        "city cities town downtown street avenue alley building skyscraper tower skyline urban"
        " metropolis traffic neon rooftop apartment office bridge taxi tram subway market cafe"
        " cyberpunk plaza boulevard block billboard"
    ),
    "sea": _set(
        "sea ocean wave beach coast coastline shore seashore harbour harbor port boat ship sail"
        " sailboat sailing island lighthouse bay surf dock pier marina tide seaside yacht"
        " fisherman gull seagull water"
    ),
    "landscape": _set(
        "mountain hill valley forest wood woods tree pine field meadow desert dune canyon"
        " countryside farm village cabin river lake trail path jungle prairie cliff waterfall"
        " volcano glacier landscape nature wilderness grass savanna peak ridge summit horse deer"
        " vineyard tundra alps"
    ),
    "night": _set(
        "star starry starlight galaxy aurora constellation campfire firefly meteor comet moon"
        " moonlight road highway drive driving driver headlight car motorway freeway"
    ),
    "abstract": _set(
        "abstract pattern flow flowing colour color dream silk ink particle fractal liquid energy"
        " emotion gradient shape geometry surreal texture smoke"
    ),
}

TIMES = {
    "neon": _set("neon cyberpunk synthwave nightclub"),
    "sunset": _set("sunset sundown golden evening"),
    "dawn": _set("dawn sunrise daybreak morning"),
    "dusk": _set("dusk twilight gloaming nightfall"),
    "night": _set("night midnight nocturnal star starry moon moonlight moonlit dark darkness"),
    "day": _set("day daytime daylight noon midday sunny afternoon sunshine summer spring bright"),
}

AIRS = {
    "storm": _set("storm stormy thunder thunderstorm lightning tempest rain rainy raining"),
    "winter": _set("winter snow snowy snowing snowfall ice icy frozen frost frosty blizzard"),
    "fog": _set("fog foggy mist misty haze hazy overcast cloudy grey gray gloomy"),
    "autumn": _set("autumn autumnal fall october november leaf leaves"),
    "desert": _set("desert dune sahara arid sand sandy"),
}

WEATHER = {
    "rain": _set("rain rainy raining storm stormy thunderstorm drizzle downpour tempest wet"),
    "snow": _set("snow snowy snowing snowfall blizzard"),
    "fog": _set("fog foggy mist misty haze hazy"),
}

TAGS = {
    "dunes": _set("desert dune sahara sand"),
    "hills": _set("hill meadow field prairie countryside farm grass vineyard savanna valley"),
    "peaks": _set("mountain peak summit ridge alps glacier cliff volcano canyon fjord"),
    "forest": _set("forest wood woods pine jungle"),
    "lake": _set("lake river pond reflection fjord"),
    "cabin": _set("cabin hut house cottage village farm home lodge"),
    "road": _set("road highway drive driving driver car headlight motorway freeway"),
    "boat": _set("boat ship sail sailboat sailing yacht fisherman regatta"),
    "lighthouse": _set("lighthouse beacon harbour harbor port"),
    "island": _set("island coast coastline bay cliff fjord"),
    "aurora": _set("aurora"),
    "meteor": _set("meteor comet"),
    "fireflies": _set("firefly fireflies"),
    "street": _set("street alley avenue traffic taxi boulevard cyberpunk neon car"),
    "snowy": _set("snow snowy winter ice glacier alps blizzard frozen"),
    "birds": _set("bird gull seagull geese flock"),
}

MOVES: tuple[tuple[Move, tuple[str, ...]], ...] = (
    (Move.STATIC, ("static", "locked off", "tripod", "still shot", "fixed camera")),
    (
        Move.AERIAL,
        ("aerial", "drone", "birds eye", "bird s eye", "flyover", "flying over", "crane"),
    ),
    (Move.ZOOM_IN, ("zoom in", "zooms in", "zooming in", "close up", "closeup")),
    (Move.ZOOM_OUT, ("zoom out", "zooms out", "zooming out")),
    (
        Move.PUSH_IN,
        ("push in", "pushes in", "pushing in", "dolly in", "tracking", "dolly", "moves forward"),
    ),
    (Move.PULL_OUT, ("pull out", "pull back", "pulls back", "pulls out", "dolly out", "reveal")),
    (Move.PAN_LEFT, ("pan left", "pans left", "panning left", "pan to the left", "leftwards")),
    (Move.PAN_RIGHT, ("pan right", "pans right", "pan", "pans", "panning", "truck")),
    (Move.TILT_DOWN, ("tilt down", "tilts down", "tilting down", "looking down")),
    (Move.TILT_UP, ("tilt up", "tilts up", "tilt", "tilting up", "looking up")),
)

USUAL_MOVES = (Move.PUSH_IN, Move.PULL_OUT, Move.PAN_LEFT, Move.PAN_RIGHT, Move.PUSH_IN)

USUAL_MOODS = {
    "landscape": ("day", "dawn", "sunset", "autumn"),
    "sea": ("day", "sunset", "dawn", "dusk"),
    "night": ("night", "night", "dusk"),
    "city": ("dusk", "night", "sunset", "neon"),
    "abstract": ("sunset", "dawn", "neon", "dusk", "day", "night", "winter"),
}
