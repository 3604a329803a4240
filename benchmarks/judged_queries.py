"""How well `search` finds known segments of the ten released records: by words, by meaning and by both.

Queries and the segments that answer them (the first 8 digits of their ids) were written down from the brief actions, read by eye, before any search
was run. What a query also fits in the longer texts of other segments counts as wrong here, and a segment that was overlooked too.

Labels that no model can know are planted into the detailed actions of nodes drawn at random, and asked for.

python benchmarks/judged_queries.py [--shared ../shared]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from action100m.dataset.search.build import build_index
from action100m.dataset.search.index import SearchIndex
from action100m.dataset.search.settings import SearchMode

DESCRIBED = {
    "whisk the chocolate sauce": "d0e7e0d6 1835de8e cfb53cd7 975e4b0b cc6d1883 1109305e 75ff0fed 6c571d0b c02f68b5",
    "put eggs into boiling water": "9cd431ee f5370e91 61e5f305 9e51f9dd 7d6bf15a a1bc2f17 7217378f",
    "cool the cooked eggs down in a bowl of ice": "f81ccf5f 376abfcd adaf2990 a623be73 783e4489 43628702",
    "topping with fish roe": "bfefec02 2bf62863 796783f6 edde2509",
    "spinning hydrant": "0b182a3a 50eb630c c9be30d5",
    "puppies running after each other": "4f31054b c1641d15 c98c0bf8 a7543f02",
    "empty the garbage can": "f003f7c2 66c8e8ae",
    "man lights up tobacco": "69648e50",
    "throw a disc for the dog": "b672ef91",
    "replace a program's picture on a Mac": "b7b391a4 5ffc3bab 43ea4df6 10a6967c",
    "Get Specified Finder Items": "a94583b5 ae5d5e3d",
    "smartphone product page": "98b2f310",
    "swirl remover": "da3e3145 d10375e1 029ae7c3 47b31352",
    "steel wool": "bf8ce3c8 317d4912 2a7efac6 05306605 dd38e144 ae2c7cf4 0817a3ea 5c1cf575 9e407363 5ef31289",
    "cleaning a machine that dries food": "99924241 327efc1b 477277b6 ebf9523c fec05ae1",
    "open the hood of the car": "232ba942 1755ca27 a1e50c94 f620274e 7a240bd8 b5ffc3fd",
    "change gear and put on the handbrake": "855f1afe 08bbbb7b 8e8aadf2 156b9de2",
    "poke a needle into the nozzle": "71d05d20 b6ef759d 3b074c90 e02e9be9 181d8b3f 5c08053d a4dd5c54",
    "check the electrical fuse": "e8a93ab9 0eaffe19 725ddca9 466e6ed7 14b0490c",
    "watering a seedling": "84f1b9ba 08ecbc82",
    "uni-seal": "adcde2c7 7bb0e4e6",
    "a hen walks by": "d783a3a0 0a8c20ac",
    "dust with icing sugar": "bc1d5672 f9e5254f 2a9bd426",
    "toy fridge": "2bb86a82 da2036d1 a21eded1 5b75f7d3 c40478ac 6f4a8dfb",
    "mix a hot drink with a spoon": "65b87419 ffa4b18d 8c9f0926 bbbc4b94 bd6d915e c2c67adb",
    "fasten sheets with a stapler": "2f6eaac6 742b5dc3 3bfe3e4c",
    "rude hand sign": "f0e662b6",
    "paint with watercolor": "84dec7fc f39ddd2c a2acc9d5 9742c64e 63aa8500 1b748fca 0b7f6980 f32f1a01 5c3187d3 fb6e18fe",
    "tie the flowers together with a band": "aa6a7f35 e2d6f655 9124d7a3",
    "cut ribbon": "31abbfb5 35a8ecb9",
}
"""Said in words of one's own, most of them not those of the records."""

NAMED = {
    "AutoCAD": "588678ff",
    "T-valve": "54890285",
    "saff": "5775df75",
    "Nutella": "b3615299",
    "aerosol": "33c41c72 c5a06d52",
    "prop rod": "f620274e",
    "frisbee": "b672ef91",
    "confectioners sugar": "f9e5254f",
    "Facebook": "a03a4b61",
    "3D printer": "8ae957c3",
    "lamination": "73870b41",
    "shredder": "34cd3c6d 034e0e28",
    "LED": "dc55dc28",
    "hot glue": "60468af3",
    "sandals": "b6d16af9",
    "duck": "b024eb7e",
}
"""Names and rare words of one segment or two."""

LABELS = (
    *("Brelofan", "QX-4417", "Vonsteed clamp", "Tarnix 88", "Orlopek", "ZK3-200", "Hamidov brush", "Pelluma", "Krant & Sohn", "Ubelor"),
    *("MT-07-B", "Sivoran", "Dreskil pump", "Amberlock 9", "Fendrew", "J. Oskarsen", "Wexley valve", "Norrvik", "Calpto", "RX-550"),
)
"""To be planted."""

MODES: tuple[SearchMode, ...] = ("text", "vector", "hybrid")


def plant_labels(rows: list[dict[str, Any]], *, seed: int = 0) -> dict[str, str]:
    """Write each label into the detailed action of an annotated node, and return the queries with their segments."""
    nodes = [node for row in rows for node in row["nodes"] if node["gpt"]]
    planted = {}
    for label, node in zip(LABELS, random.Random(seed).sample(nodes, len(LABELS)), strict=True):
        node["gpt"]["action"]["detailed"] += f" The label says {label}."
        planted[label] = node["node_id"][:8]
    return planted


def measure_recall(index: SearchIndex, judged: Mapping[str, str], mode: SearchMode) -> float:
    """Return the share of the known segments among the first ten, as a mean over the queries."""
    shares = []
    for query, known in judged.items():
        found = {hit.node[:8] for hit in index.query(query, mode=mode, limit=10)}
        shares.append(len(found & set(known.split())) / len(known.split()))
    return sum(shares) / len(shares)


def main() -> None:
    """Print a table."""
    from action100m.models.text.minilm import MiniLMConfig

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    table = pq.read_table(parser.parse_args().shared / "data" / "action100m" / "examples.parquet")
    rows = table.to_pylist()
    planted = plant_labels(rows)
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), f"{folder}/data.parquet")
        index = build_index(f"{folder}/data.parquet", f"{folder}/index", encoder=MiniLMConfig().load())
        print(f"{'recall at 10':28}" + "".join(f"{mode:>8}" for mode in MODES))
        for name, judged in {"described": DESCRIBED, "named": NAMED, "planted": planted, "all": DESCRIBED | NAMED | planted}.items():
            recalls = [measure_recall(index, judged, mode) for mode in MODES]
            print(f"{name + f', {len(judged)} queries':28}" + "".join(f"{recall:8.3f}" for recall in recalls))


if __name__ == "__main__":
    main()
