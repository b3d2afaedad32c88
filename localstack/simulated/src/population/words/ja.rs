use super::{Lexicon, Topic};

pub(super) const LEXICON: Lexicon = Lexicon {
    given: &[
        "陽菜|hina",
        "蓮|ren",
        "さくら|sakura",
        "大翔|hiroto",
        "美咲|misaki",
        "悠真|yuma",
        "結衣|yui",
        "直樹|naoki",
    ],
    family: &[
        "藤原|fujiwara",
        "小林|kobayashi",
        "西村|nishimura",
        "石田|ishida",
        "森本|morimoto",
        "川口|kawaguchi",
        "早川|hayakawa",
    ],
    topics: &[
        Topic {
            niche: "food",
            word: "料理",
            roles: &["毎日のお弁当レシピ", "料理研究家"],
            details: &["十五分で作れる家庭料理", "発酵食品のある暮らし"],
        },
        Topic {
            niche: "travel",
            word: "旅行",
            roles: &["ひとり旅ブロガー", "鉄道旅行が好き"],
            details: &["小さな荷物で旅行を続けています", "温泉めぐりの記録"],
        },
        Topic {
            niche: "tech",
            word: "ガジェット",
            roles: &["ガジェット好きのエンジニア", "プログラマー"],
            details: &["自腹で買ったガジェットのレビュー", "在宅ワークの道具を紹介"],
        },
        Topic {
            niche: "beauty",
            word: "スキンケア",
            roles: &["美容ライター", "敏感肌のスキンケア研究"],
            details: &["プチプラコスメを正直にレビュー", "成分表を読むのが趣味"],
        },
    ],
    partners: &[
        "PR・コラボのご依頼歓迎",
        "アフィリエイト提携募集中",
        "お仕事のご相談はお気軽に",
    ],
    contacts: &["お仕事：{}", "連絡先 {}", "✉️ {}"],
    vague: &["ただの会社員", "猫が好き", "日々のこと"],
    posts: &[
        "{}のおすすめ affiliate プログラムを教えてください。",
        "新しい記事： {}の affiliate 収益を公開しました {link}",
        "{}と affiliate について考えたこと。",
    ],
};
