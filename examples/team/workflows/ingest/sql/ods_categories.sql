-- 类目树，只取叶子。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_categories (
    category_id   STRING COMMENT '类目',
    category      STRING COMMENT '类目名'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_categories PARTITION (ds = '${bizdate}')
SELECT  category_id,
        category
FROM    landing_categories
WHERE   ds = '${bizdate}'
AND     is_leaf = 'Y';
