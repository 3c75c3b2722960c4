"""Lists with headings and words in other languages: nobody who left is mailed, or it is asked."""

import io
import tomllib
from pathlib import Path

import pytest

from mailer.lists.importing import SubscriberFile
from mailer.lists.leaving_columns import signal_of
from mailer.lists.leaving_elsewhere import mentions_leaving
from mailer.lists.standing import flag_of
from tests.support.list_files import ASKED, mailable, table

TABLES = tomllib.loads(
    (Path(__file__).parents[2] / "mailer/lists/data/other_languages.toml").read_text("utf-8")
)


def entries(table_name):
    for meaning, text in TABLES[table_name].items():
        for entry in text.replace("\n", ",").split(","):
            if entry.strip():
                yield meaning, entry.strip().removesuffix("*")


@pytest.mark.parametrize(
    ("headings", "rows", "expected"),
    [
        # German
        ("Status", ["Aktiv", "Abgemeldet", "Unzustellbar", "Gesperrt"], "a"),
        ("Abgemeldet", ["nein", "ja"], "a"),
        ("Abmeldedatum", ["", "01.02.2024"], "a"),
        ("Newsletter", ["ja", "nein"], "a"),
        ("Newsletter-Einwilligung", ["ja", "nein"], "a"),
        ("Einwilligung", ["ja", "nein"], "a"),
        ("Werbesperre", ["", "x"], "a"),
        ("Sperrvermerk", ["0", "1"], "a"),
        ("Verstorben", ["", "ja"], "a"),
        ("Verstorben am", ["", "01.02.2024"], "a"),
        ("Kein Newsletter", ["", "x"], "a"),
        ("Keine Werbung", ["", "x"], "a"),
        ("E-Mail ungültig", ["", "ja"], "a"),
        ("Austrittsdatum", ["", "2024-01-01"], "a"),
        ("Widerruf", ["", "2024-01-01"], "a"),
        ("Widersprochen am", ["", "2024-01-01"], "a"),
        ("Bemerkung", ["", "möchte keine E-Mails mehr"], ASKED),
        ("Bemerkung", ["", "bitte aus dem Verteiler löschen"], ASKED),
        ("Status", ["bestätigt", "ausgetragen"], "a"),
        ("DOI bestätigt", ["ja", "nein"], "a"),
        # French
        ("Statut", ["Abonné", "Désabonné", "Rejeté"], "a"),
        ("Désinscrit le", ["", "12/01/2024"], "a"),
        ("Désabonnement", ["", "12/01/2024"], "a"),
        ("Consentement", ["oui", "non"], "a"),
        ("Accepte la newsletter", ["oui", "non"], "a"),
        ("Ne pas contacter", ["", "oui"], "a"),
        ("Ne souhaite pas recevoir de mails", ["", "oui"], "a"),
        ("Décédé", ["non", "oui"], "a"),
        ("Décédé(e)", ["non", "oui"], "a"),
        ("Adresse invalide", ["", "oui"], "a"),
        ("Liste noire", ["", "oui"], "a"),
        ("Refus mailing", ["", "oui"], "a"),
        ("Opposition", ["", "oui"], "a"),
        ("Remarques", ["", "ne plus contacter"], ASKED),
        # Spanish
        ("Estado", ["Suscrito", "Dado de baja", "Rebotado"], ASKED),
        ("Estado de suscripción", ["Suscrito", "Cancelado"], "a"),
        ("Fecha de baja", ["", "2024-01-02"], "a"),
        ("Baja", ["no", "sí"], "a"),
        ("Acepta recibir correos", ["sí", "no"], "a"),
        ("Consentimiento", ["sí", "no"], "a"),
        ("No contactar", ["", "sí"], "a"),
        ("Fallecido", ["no", "sí"], "a"),
        ("Correo inválido", ["", "sí"], "a"),
        ("Lista negra", ["", "sí"], "a"),
        ("Boletín", ["sí", "no"], "a"),
        ("Notas", ["", "no quiere recibir más correos"], ASKED),
        # Portuguese
        ("配信状況", ["配信中", "解除済み", "エラー停止"], "a"),
        ("订阅状态", ["正常", "已退订", "已投诉"], "a"),
        ("Status", ["aktiv", "abgemeldet", "gebounct"], "a"),
        ("Situação", ["Inscrito", "Descadastrado"], "a"),
        ("Status", ["Ativo", "Descadastrado", "Cancelado"], "a"),
        ("Descadastrado", ["não", "sim"], "a"),
        ("Data de descadastro", ["", "2024-01-02"], "a"),
        ("Aceita receber e-mails", ["sim", "não"], "a"),
        ("Consentimento", ["sim", "não"], "a"),
        ("Falecido", ["não", "sim"], "a"),
        ("Não contatar", ["", "sim"], "a"),
        # Italian
        ("Stato", ["Iscritto", "Disiscritto", "Cancellato"], ASKED),
        ("Stato", ["iscritto", "disiscritto"], ASKED),
        ("Disiscritto", ["no", "sì"], "a"),
        ("Data disiscrizione", ["", "2024-01-02"], "a"),
        ("Consenso", ["sì", "no"], "a"),
        ("Deceduto", ["no", "sì"], "a"),
        # Dutch
        ("Status", ["Ingeschreven", "Uitgeschreven", "Ongeldig"], "a"),
        ("Uitgeschreven", ["nee", "ja"], "a"),
        ("Uitschrijfdatum", ["", "2024-01-02"], "a"),
        ("Toestemming", ["ja", "nee"], "a"),
        ("Nieuwsbrief", ["ja", "nee"], "a"),
        ("Overleden", ["nee", "ja"], "a"),
        ("Niet mailen", ["", "ja"], "a"),
        ("Geen e-mail", ["", "ja"], "a"),
        ("Afgemeld", ["nee", "ja"], "a"),
        # Polish
        ("Status", ["Aktywny", "Wypisany", "Odrzucony"], "a"),
        ("Wypisany", ["nie", "tak"], "a"),
        ("Data wypisania", ["", "2024-01-02"], "a"),
        ("Zgoda", ["tak", "nie"], "a"),
        ("Zgoda na newsletter", ["tak", "nie"], "a"),
        ("Zmarły", ["nie", "tak"], "a"),
        ("Nie wysyłać", ["", "tak"], "a"),
        ("Rezygnacja", ["", "2024-01-02"], "a"),
        # Russian
        ("Статус", ["Подписан", "Отписан", "Недоступен"], "a"),
        ("Отписан", ["нет", "да"], "a"),
        ("Дата отписки", ["", "2024-01-02"], "a"),
        ("Согласие", ["да", "нет"], "a"),
        ("Согласие на рассылку", ["да", "нет"], "a"),
        ("Рассылка", ["да", "нет"], "a"),
        ("Не писать", ["", "да"], "a"),  # noqa: RUF001
        ("Умер", ["", "да"], "a"),
        ("Чёрный список", ["", "да"], "a"),
        ("Примечание", ["", "просил не присылать писем"], ASKED),
        # Ukrainian
        ("Статус", ["Підписаний", "Відписаний"], "a"),
        ("Згода", ["так", "ні"], "a"),
        # Arabic
        ("الحالة", ["مشترك", "ملغى الاشتراك"], "a"),
        ("إلغاء الاشتراك", ["لا", "نعم"], "a"),
        ("موافقة", ["نعم", "لا"], "a"),
        ("متوفى", ["لا", "نعم"], "a"),
        # Chinese
        ("状态", ["已订阅", "已退订", "退信"], "a"),
        ("退订", ["否", "是"], "a"),
        ("退订时间", ["", "2024-01-02"], "a"),
        ("同意接收邮件", ["是", "否"], "a"),
        ("已故", ["否", "是"], "a"),
        ("黑名单", ["否", "是"], "a"),
        # Japanese
        ("ステータス", ["購読中", "配信停止", "エラー"], "a"),
        ("配信停止", ["", "1"], "a"),
        ("配信停止日", ["", "2024-01-02"], "a"),
        ("メルマガ", ["希望する", "希望しない"], "a"),
        ("メール配信", ["可", "不可"], "a"),
        ("退会日", ["", "2024/01/02"], "a"),
        ("同意", ["はい", "いいえ"], "a"),
        # Scandinavian, Czech, Turkish, Finnish
        ("Avregistrerad", ["nej", "ja"], "a"),
        ("Afmeldt", ["nej", "ja"], "a"),
        ("Samtykke", ["ja", "nej"], "a"),
        ("Samtycke", ["ja", "nej"], "a"),
        ("Odhlášen", ["ne", "ano"], "a"),
        ("Souhlas", ["ano", "ne"], "a"),
        ("Abonelikten çıktı", ["hayır", "evet"], "a"),  # noqa: RUF001
        ("Peruutettu", ["ei", "kyllä"], "a"),
    ],
)
def test_who_left_is_understood_in_other_languages(headings, rows, expected):
    assert mailable(table(headings, *rows)) == expected


@pytest.mark.parametrize(
    ("headings", "rows", "expected"),
    [
        # "Dés-abonné", "In-Aktiv" and the like never turn into their opposite
        ("Dés-abonné", ["non", "oui"], ASKED),
        ("Status", ["aktiv", "in-aktiv"], "a"),
        ("Status", ["aktiv", "nicht mehr aktiv"], ASKED),
        ("Статус", ["подписан", "больше не подписан"], ASKED),
        ("状态", ["已订阅", "从未订阅"], ASKED),
        # answers under headings that cannot be read
        ("Доставка", ["да", "нет"], ASKED),
        ("Märkus", ["jah", "nein"], "ab"),
        ("Ügyfél", ["igen", "nem"], ASKED),
        ("接收", ["是", "否"], ASKED),
        # statuses under a heading that is not known
        ("Imię,Stan", ["Ewa,Aktywny", "Jan,Rezygnacja", "Ola,Twarde odbicie"], ASKED),
        ("Имя,Состояние дел", ["Анна,активен", "Олег,отписан"], "a"),
        # what is about something else
        ("Город", ["Москва", "Казань"], "ab"),
        ("性别", ["男", "女"], "ab"),
        ("Teléfono", ["555-0100", "555-0101"], "ab"),
        ("Straße", ["Hauptstraße 1", "Am Markt 2"], "ab"),
        ("Notas", ["evento cancelado", "prefiere español"], "ab"),
        ("Ville", ["Castres", "Nîmes"], "ab"),
        ("Étiquettes", ["bénévole", "donateur"], "ab"),
    ],
)
def test_what_cannot_be_read_in_another_language_is_asked(headings, rows, expected):
    assert mailable(table(headings, *rows)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "abgemeldete.csv",
        "Désabonnés 2024.csv",
        "отписавшиеся.csv",
        "退订名单.csv",
        "Sperrliste.csv",
    ],
)
def test_a_file_called_after_people_who_left_is_asked_about_in_other_languages(path):
    assert mailable("Email\na@example.org\n", path) is ASKED


@pytest.mark.parametrize(
    ("headings", "row", "expected"),
    [
        ("Vorname;Name;E-Mail", "Uta;Feld;uta@example.org", ("Uta", "Feld")),
        ("Prénom;Nom;Adresse e-mail", "Léa;Roux;uta@example.org", ("Léa", "Roux")),
        ("Nome,Cognome,Posta elettronica", "Ada,Neri,uta@example.org", ("Ada", "Neri")),
        ("Naam,E-mailadres", "Jan Smit,uta@example.org", ("Jan", "Smit")),
        ("Имя,Фамилия,Почта", "Анна,Иванова,uta@example.org", ("Анна", "Иванова")),
        ("姓名,邮箱", "王芳,uta@example.org", ("", "")),
        ("氏名,メールアドレス", "田中 花子,uta@example.org", ("", "")),
        ("الاسم,البريد الإلكتروني", "ليلى حداد,uta@example.org", ("ليلى", "حداد")),
    ],
)
def test_names_and_addresses_are_found_by_headings_in_other_languages(headings, row, expected):
    file = SubscriberFile(io.BytesIO(f"{headings}\n{row}\n".encode()), "x.csv")
    (outcome,) = file.rows()
    person = outcome.row
    assert (person.first_name, person.last_name) == expected
    assert person.email == "uta@example.org"


@pytest.mark.parametrize("meaning", [*TABLES["leaving"], "removed", "withdrawn", "invalid"])
def test_every_word_for_leaving_makes_a_heading_one_about_leaving(meaning):
    words = [
        word
        for table in ("leaving", "answering")
        for meant, word in entries(table)
        if meant == meaning
    ]
    assert [word for word in words if signal_of(word) is None] == []


def test_every_word_that_decides_is_looked_for_in_notes():
    words = [entry.lower() for _, entry in entries("leaving")]
    assert [word for word in words if not mentions_leaving(f"met ana|{word} 2024")] == []


def test_a_yes_and_a_no_are_known_in_other_languages():
    assert {
        word for meaning, word in entries("answers") if flag_of(word) is not (meaning == "yes")
    } == set()
