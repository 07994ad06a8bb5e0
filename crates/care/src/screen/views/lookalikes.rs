//! Which characters are read as which letter. One table for every script: the phrases are folded
//! through it as well as the text, so a Russian word stays itself, and a Latin word written with
//! Cyrillic letters becomes the Latin word again.

use std::sync::LazyLock;

/// Characters that a reader takes for the letter in front. Case matters where the capital and the
/// small letter look like different Latin letters (Greek `Η` is an H, `η` an n).
///
/// Not in here: what NFKC already resolves (full width, mathematical, circled, superscript), and
/// Latin letters with marks, which lose them by decomposition.
const LOOKALIKES: &[(char, &str)] = &[
    ('a', "аАαΑᴀɑɐӕꓮᎪ🅐🅰🇦ꬰ"),
    ('b', "вВβΒʙƅЪъɓᏴꓐᏏ🅑🅱🇧ƀ"),
    ('c', "сСϲϹᴄƈȼꓚᏟⅽ🅒🅲🇨ɕςↄ"),
    ('d', "ԁԀᴅɗđɖꓓᎠ🅓🅳🇩ð"),
    ('e', "еЕεΕᴇɇєЄэЭꓰᎬ🅔🅴🇪ɛəɘ℮"),
    ('f', "ғҒƒϝꓝ🅕🅵🇫ꜰẝ"),
    ('g', "ɡԍԌɢɠǥᏀꓖ🅖🅶🇬"),
    ('h', "нНһҺΗʜħɦꓧᎻ🅗🅷🇭ҥ"),
    ('i', "іІιΙıɪɨӏӀꓲᎥ🅘🅸🇮ɩ"),
    ('j', "јЈʝᴊɉꓙᎫ🅙🅹🇯ϳ"),
    ('k', "кКκΚᴋƙқҚꓗᏦ🅚🅺🇰ҡ"),
    ('l', "łƚɫɭʟꓡᏞ🅛🅻🇱ʅ"),
    ('m', "мМΜᴍɱꓟᎷ🅜🅼🇲"),
    ('n', "пηΝɴɲƞꓠ🅝🅽🇳ոռ"),
    ('o', "оОοΟσᴏøØөӨɵꓳ🅞🅾🇴օ"),
    ('p', "рРρΡᴘƥþꓑᏢ🅟🅿🇵"),
    ('q', "ԛԚɋʠ🅠🆀🇶գ"),
    ('r', "гʀɍɾɼꓣᏒ🅡🆁🇷ᴦ"),
    ('s', "ѕЅꜱʂȿꓢᏚ🅢🆂🇸ßẞʃ"),
    ('t', "тТτΤᴛŧƭʈꓔᎢ🅣🆃🇹"),
    ('u', "υᴜʊʉꓴ🅤🆄🇺սμ"),
    ('v', "νѵѴᴠʋꓦᏙ🅥🆅🇻"),
    ('w', "ԝԜωᴡɯшꓪᎳ🅦🆆🇼"),
    ('x', "хХχΧҳꓫ🅧🆇🇽×"),
    ('y', "уУүҮγΥʏɏƴꓬ🅨🆈🇾"),
    ('z', "ΖᴢƶȥʐꓜᏃ🅩🆉🇿"),
];

/// Traditional and Japanese forms, each followed by the simplified one it is folded to. Only
/// characters that the phrases use, and a few of their neighbours.
const HAN: &str = "
    殺杀 輕轻 軽轻 結结 離离 開开 這这 個个 箇个 麼么 麽么 沒没 無无 盡尽 樓楼 藥药 薬药 脈脉 弔吊 燒烧
    焼烧 傷伤 覺觉 覚觉 來来 後后 過过 還还 讓让 譲让 們们 為为 爲为 對对 対对 於于 東东 會会 學学 實实
    実实 親亲 愛爱 車车 時时 間间 話话 說说 説说 聽听 聴听 見见 現现 發发 発发 經经 経经 給给 別别 關关
    関关 門门 問问 題题 難难 氣气 気气 終终 顆颗 條条 繩绳 縄绳 斷断 殘残 應应 応应 該该 連连 義义 負负
    擔担 墜坠 尋寻 絕绝 絶绝 棄弃 劃划 體体 頭头 樣样 様样 種种 點点 邊边 辺边 總总 誰谁 裡里 裏里 國国
    萬万 決决 歲岁 歳岁 錄录 録录 書书 慮虑 執执 計计 試试 當当 從从 従从 許许 準准 備备 趕赶 運运 變变
    変变 樂乐 楽乐 堅坚 續续 続续 歷历 歴历 單单 単单 獨独 靈灵 號号 隊队 敵敌 擊击 撃击 熱热 餓饿 嚇吓
    煩烦 悶闷 機机 腦脑 脳脑 節节 剛刚 與与 寫写 遺遗 鐵铁 鉄铁 軌轨 陽阳 臺台 颱台 頂顶 臥卧 舉举 挙举
    減减 厭厌 喪丧 鯊鲨 輩辈 媽妈 爺爷 擁拥 纏缠 撐撑 罷罢 夠够 須须 選选 擇择 択择 記记 筆笔 輪轮 戰战
    戦战 視视 劇剧 網网 電电 報报 預预 醜丑 業业 丟丢 習习 鄉乡 買买 爭争 產产 價价 傘伞 餘余 傾倾 兒儿
    黨党 興兴 農农 衝冲 凍冻 涼凉 幾几 憑凭 剎刹 劑剂 剝剥 辦办 務务 動动 勁劲 區区 醫医 賣卖 廁厕 葉叶
    員员 嚨咙 譁哗 圖图 場场 牆墙 聲声 處处 復复 奧奥 寧宁 寶宝 寢寝 將将 嘗尝 尷尴 屍尸 層层 屜屉 屬属
    島岛 帥帅 帶带 廣广 牀床 廢废 異异 張张 彈弹 強强 歸归 徹彻 懷怀 戀恋 惡恶 懸悬 懼惧 懲惩 願愿 懶懒
    戲戏 戶户 撲扑 擠挤 據据 擱搁 數数 曬晒 暈晕 術术 極极 構构 槍枪 橋桥 夢梦 檢检 橫横 毆殴 毀毁 潑泼
    潔洁 淺浅 澆浇 溫温 滿满 灘滩 潛潜 滅灭 爛烂 燙烫 狹狭 豬猪 貓猫 環环 畫画 癢痒 碼码 確确 窩窝 簡简
    緊紧 約约 級级 紀纪 縱纵 紙纸 線线 練练 組组 紹绍 綁绑 絞绞 統统 繼继 維维 締缔 縊缢 罰罚 羨羡 翹翘
    恥耻 膚肤 腳脚 脫脱 臉脸 膩腻 蘋苹 蔥葱 蟲虫 蝦虾 襲袭 討讨 議议 講讲 論论 詩诗 詳详 詫诧 請请 諾诺
    讀读 課课 調调 談谈 謊谎 謂谓 諦谛 貝贝 販贩 資资 賴赖 贅赘 賽赛 躍跃 辭辞 達达 進进 遠远 違违 遲迟
    鄰邻 鈣钙 鑽钻 銃铳 鎖锁 錯错 錠锭 鎮镇 長长 閉闭 鬧闹 聞闻 閻阎 階阶 隨随 靜静 頁页 頃顷 項项 頸颈
    風风 飛飞 飯饭 飲饮 饞馋 馬马 罵骂 騷骚 魚鱼 雞鸡 麥麦 読读 価价 騒骚 遅迟 悪恶 帰归 図图 売卖 転转
    隠隐 頼赖 検检 満满 処处 労劳 広广 弾弹 増增 壊坏 験验 縁缘 涙泪 歩步 黙默 継继 総总 効效 営营 囲围
    圧压 恵惠 毎每 済济 穏稳 絵绘 臓脏 訳译 酔醉 険险 雑杂 髪发 髮发 淚泪 轉转 隱隐 勞劳 壞坏 驗验 緣缘
    濟济 穩稳 繪绘 臟脏 險险 雜杂 壓压 圍围 營营 駅驿 惱恼 悩恼 暫暂 戾戻 歡欢 歓欢 飢饥 黃黄 児儿 権权
    權权 専专 專专 協协 収收 奪夺 導导 師师 庫库 慣惯 慘惨 懐怀 戸户 掃扫 斎斋 暁晓 桜樱 渉涉 漬渍 瀕濒
    獄狱 瘋疯 療疗 盤盘 眾众 禮礼 稱称 穫获 綠绿 緑绿 縮缩 聖圣 膽胆 艱艰 虛虚 裝装 覽览 認认 語语 識识
    護护 豐丰 財财 貧贫 費费 賭赌 跡迹 軟软 輸输 遷迁 鄭郑 釋释 針针 鈴铃 錢钱 銭钱 鍵键 陰阴 際际 雲云
    響响 顏颜 顔颜 類类 顧顾 養养 驚惊 鬆松 鹽盐 齊齐 齒齿 龍龙 馿驴
";

fn pairs() -> impl Iterator<Item = (char, char)> {
    let letters =
        LOOKALIKES.iter().flat_map(|&(letter, group)| group.chars().map(move |c| (c, letter)));
    let han = HAN.split_whitespace().filter_map(|pair| {
        let mut pair = pair.chars();
        Some((pair.next()?, pair.next()?))
    });
    letters.chain(han)
}

static TABLE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let mut table: Vec<(char, char)> = pairs().collect();
    table.sort_unstable();
    table
});

/// The letter that `c` is read as, if it is not itself.
pub(super) fn lookalike(c: char) -> Option<char> {
    let table = &*TABLE;
    table.binary_search_by_key(&c, |entry| entry.0).ok().map(|at| table[at].1)
}

/// How digits and signs are read as letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::screen) struct Leet {
    /// What `1`, `!` and `|` are: they stand for i as often as for l.
    pub(super) one: char,
    /// Whether the letters around are Cyrillic.
    pub(super) cyrillic: bool,
}

/// The letter that a digit or sign stands for in "leet" spelling.
pub(super) fn leet(c: char, how: Leet) -> Option<char> {
    Some(match c {
        '3' if how.cyrillic => 'з',
        '4' if how.cyrillic => 'ч',
        '6' if how.cyrillic => 'б',
        '0' | '°' => 'o',
        '1' | '!' | '|' | '¡' | '¦' => how.one,
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' | '§' => 's',
        '6' | '9' => 'g',
        '7' | '+' | '†' => 't',
        '8' => 'b',
        '¢' | '©' => 'c',
        '£' => 'l',
        _ => return None,
    })
}

/// Every letter that a digit or sign in the middle of a word may stand for; empty if it stands for
/// no letter in particular.
pub(in crate::screen) fn leet_choices(c: char) -> &'static [char] {
    match c {
        '0' => &['o'],
        '1' | '!' | '|' | '¡' => &['i', 'l', 't'],
        '2' => &['z', 's'],
        '3' => &['e', 'з'],
        '4' => &['a', 'ч'],
        '5' | '$' => &['s'],
        '6' => &['g', 'b', 'б'],
        '7' => &['t', 'l'],
        '8' => &['b', 'a'],
        '9' => &['g', 'q', 'p'],
        '@' => &['a', 'o'],
        '+' => &['t'],
        '€' => &['e'],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_read_as_two_letters() {
        for pair in TABLE.windows(2) {
            assert_ne!(pair[0].0, pair[1].0, "{pair:?}");
        }
    }

    #[test]
    fn a_letter_that_others_are_read_as_is_read_as_itself() {
        for (_, letter) in pairs() {
            assert_eq!(lookalike(letter), None, "{letter}");
        }
    }

    #[test]
    fn cyrillic_and_greek_homoglyphs_become_latin() {
        let folded: String = "ѕuісіdе ΚΙLL".chars().map(|c| lookalike(c).unwrap_or(c)).collect();
        assert_eq!(folded, "suicide kiLL");
    }
}
