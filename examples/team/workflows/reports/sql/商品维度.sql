-- 商品维度：商品带上类目名。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS dim_products (
    product_id    STRING COMMENT '商品',
    category      STRING COMMENT '类目名',
    title         STRING COMMENT '名称'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE dim_products PARTITION (ds = '${bizdate}')
SELECT  p.product_id,
        NVL(c.category, '其他'),
        p.title
FROM    ods_products p
LEFT OUTER JOIN ods_categories c
ON      p.category_id = c.category_id
AND     c.ds = '${bizdate}'
WHERE   p.ds = '${bizdate}';
