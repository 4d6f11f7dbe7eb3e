"""What breaks: the classes of parts, and what each category of product is made of.

Weights and volumes are packed; costs are purchase prices in USD from the cheapest to the dearest model. HS headings
follow the Harmonized System 2022; the mix of faults and the prices are plausible figures, not statistics.
"""

from dataclasses import dataclass
from typing import Literal

Wear = Literal["accident", "wear", "defect"]
Scope = Literal["platform", "brand"]


@dataclass(frozen=True)
class PartClass:
    """One class of parts.

    fails: the law of failures by age. scope: which models share one. variants: what tells several parts for the same
    place apart ("" = there is only one). dangerous: `always`, `some` (magnets, solvents) or `never`. repair: share of
    removed parts sent back, share of these repaired, days, USD.
    """

    prefix: str
    name: str
    name_zh: str
    name_ru: str
    hs_code: str
    cost: tuple[float, float]
    weight_kg: float
    volume_l: float
    fails: Wear
    scope: Scope
    criticality: str
    variants: Literal["", "colour", "revision"] = ""
    dangerous: Literal["always", "some", "never"] = "never"
    shelf_life_days: int | None = None
    repair: tuple[float, float, int, float] | None = None


@dataclass(frozen=True)
class Category:
    """One category of product.

    models: share of all models. failures: repairs per device in its first year. mix: share of repairs by class of
    part. companion: the class that a repair with another part often needs too. season: size and peak week of the yearly
    swing in repairs.
    """

    letter: str
    series: tuple[str, ...]
    models: float
    failures: float
    mix: dict[str, float]
    companion: str
    season: tuple[float, int]


CLASSES: dict[str, PartClass] = {
    "screen": PartClass(
        "SCR", "Screen assembly", "屏幕总成", "Дисплейный модуль", "852491", (12, 120), 0.14, 0.55,
        "accident", "platform", "A", "colour", repair=(0.4, 0.35, 21, 9.0),
    ),
    "battery": PartClass(
        "BAT", "Battery", "电池", "Аккумулятор", "850760", (4, 15), 0.09, 0.16,
        "wear", "platform", "A", "", "always", 540,
    ),
    "main_board": PartClass(
        "PCB", "Main board", "主板", "Материнская плата", "851779", (30, 150), 0.09, 0.40,
        "defect", "platform", "A", "revision", repair=(0.9, 0.55, 14, 12.0),
    ),
    "charging_port": PartClass(
        "USB", "Charging port board", "充电尾插小板", "Плата разъёма зарядки", "853669", (0.8, 5), 0.012, 0.03,
        "wear", "platform", "B", "revision",
    ),
    "rear_camera": PartClass(
        "CAM", "Rear camera", "后置摄像头", "Основная камера", "852589", (5, 38), 0.018, 0.05,
        "defect", "platform", "B", "revision",
    ),
    "front_camera": PartClass(
        "FCM", "Front camera", "前置摄像头", "Фронтальная камера", "852589", (2, 11), 0.012, 0.04,
        "defect", "brand", "C",
    ),
    "back_cover": PartClass(
        "CVR", "Back cover", "后盖", "Задняя крышка", "392690", (1.5, 14), 0.05, 0.40,
        "accident", "platform", "C", "colour",
    ),
    "speaker": PartClass(
        "SPK", "Loudspeaker", "扬声器", "Полифонический динамик", "851829", (0.7, 3.5), 0.015, 0.03,
        "defect", "brand", "B", "revision", "some",
    ),
    "button_flex": PartClass(
        "FLX", "Power and volume flex", "电源音量排线", "Шлейф кнопок", "853400", (0.5, 3), 0.006, 0.02,
        "wear", "brand", "C",
    ),
    "vibration_motor": PartClass(
        "VIB", "Vibration motor", "振动马达", "Вибромотор", "850110", (0.4, 1.6), 0.005, 0.01,
        "defect", "brand", "C", "", "some",
    ),
    "sim_tray": PartClass(
        "SIM", "SIM tray", "卡托", "Лоток SIM-карты", "392690", (0.3, 1.0), 0.004, 0.01,
        "accident", "brand", "C", "colour",
    ),
    "adhesive": PartClass(
        "ADH", "Adhesive set", "防水胶", "Набор проклеек", "350610", (0.3, 1.2), 0.008, 0.03,
        "accident", "brand", "C", "", "some", 365,
    ),
    "lidar": PartClass(
        "LDR", "Lidar module with motor", "激光雷达模组", "Лидар с мотором", "901580", (11, 34), 0.21, 0.90,
        "defect", "brand", "A", "revision", repair=(0.6, 0.5, 18, 6.0),
    ),
    "main_brush": PartClass(
        "BRM", "Main brush", "主刷", "Основная щётка", "960390", (1.8, 6), 0.16, 0.95,
        "wear", "brand", "B", "revision",
    ),
    "side_brush": PartClass(
        "BRS", "Side brush", "边刷", "Боковая щётка", "960390", (0.4, 1.4), 0.02, 0.10,
        "wear", "brand", "C",
    ),
    "drive_wheel": PartClass(
        "WHL", "Drive wheel with motor", "驱动轮总成", "Ведущее колесо с мотором", "850131", (5, 16), 0.32, 1.10,
        "wear", "platform", "A", "revision", "some",
    ),
    "suction_fan": PartClass(
        "FAN", "Suction fan", "吸尘风机", "Вакуумная турбина", "841459", (7, 22), 0.28, 0.80,
        "wear", "platform", "B", "revision",
    ),
    "bumper_sensor": PartClass(
        "BMP", "Bumper sensor", "碰撞传感器", "Датчик бампера", "903180", (0.9, 3.5), 0.015, 0.05,
        "defect", "platform", "B",
    ),
    "charging_dock": PartClass(
        "DCK", "Charging dock board", "充电座电路板", "Плата зарядной станции", "850440", (4, 15), 0.18, 0.70,
        "defect", "platform", "B", "revision",
    ),
    "water_pump": PartClass(
        "PMP", "Water pump", "水泵", "Водяная помпа", "841381", (1.2, 4.5), 0.05, 0.10,
        "defect", "brand", "C", "revision",
    ),
    "power_supply": PartClass(
        "PSU", "Power supply", "电源适配器", "Блок питания", "850440", (2, 9), 0.13, 0.35,
        "defect", "brand", "A", "revision",
    ),
    "camera_module": PartClass(
        "CMM", "Camera module", "摄像头模组", "Модуль камеры", "852589", (4, 19), 0.03, 0.08,
        "defect", "platform", "B", "revision",
    ),
    "gear_motor": PartClass(
        "GMT", "Gear motor", "减速电机", "Мотор-редуктор", "850110", (3, 12), 0.12, 0.20,
        "wear", "brand", "B", "revision", "some",
    ),
    "antenna": PartClass(
        "ANT", "Wi-Fi antenna", "无线天线", "Антенна Wi-Fi", "851771", (0.3, 1.4), 0.005, 0.02,
        "defect", "brand", "C",
    ),
    "gasket": PartClass(
        "GSK", "Gasket and screw kit", "密封圈螺丝套件", "Набор прокладок и винтов", "401693", (0.3, 1.1), 0.015, 0.04,
        "accident", "brand", "C",
    ),
}  # fmt: skip

CATEGORIES: dict[str, Category] = {
    "phone": Category(
        "P", ("Neo", "Air", "Note", "Play", "One"), 0.50, 0.105,
        {"screen": 0.33, "battery": 0.19, "charging_port": 0.12, "main_board": 0.10, "rear_camera": 0.07,
         "back_cover": 0.06, "speaker": 0.04, "button_flex": 0.03, "front_camera": 0.02, "adhesive": 0.02,
         "vibration_motor": 0.01, "sim_tray": 0.01},
        "adhesive", (0.08, 2),
    ),
    "tablet": Category(
        "T", ("Pad", "Tab", "Slate"), 0.12, 0.08,
        {"screen": 0.32, "battery": 0.20, "charging_port": 0.18, "main_board": 0.11, "speaker": 0.05,
         "button_flex": 0.05, "rear_camera": 0.04, "back_cover": 0.03, "adhesive": 0.02},
        "adhesive", (0.12, 38),
    ),
    "robot_vacuum": Category(
        "V", ("Sweep", "Clean", "Mop"), 0.18, 0.14,
        {"battery": 0.17, "lidar": 0.16, "main_brush": 0.12, "drive_wheel": 0.12, "main_board": 0.10,
         "side_brush": 0.09, "suction_fan": 0.08, "bumper_sensor": 0.06, "charging_dock": 0.05, "water_pump": 0.05},
        "side_brush", (0.15, 15),
    ),
    "smart_home": Category(
        "H", ("Home", "Guard", "Lock", "Link"), 0.20, 0.07,
        {"power_supply": 0.30, "main_board": 0.22, "camera_module": 0.14, "battery": 0.10, "gear_motor": 0.09,
         "antenna": 0.06, "speaker": 0.05, "gasket": 0.04},
        "gasket", (0.06, 48),
    ),
}  # fmt: skip

PIECES = {"side_brush": 2}  # used by one repair, where it is not one
COLOURS = (
    ("black", "黑色", "чёрный"),
    ("white", "白色", "белый"),
    ("blue", "蓝色", "синий"),
    ("grey", "灰色", "серый"),
)
DANGEROUS_SHARE = 0.15
