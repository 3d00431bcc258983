-- 商品快照。
SET odps.sql.type.system.odps2=true;

CREATE TABLE IF NOT EXISTS ods_products (
    product_id    STRING COMMENT '商品',
    category_id   STRING COMMENT '类目',
    title         STRING COMMENT '名称'
)
PARTITIONED BY (ds STRING COMMENT '业务日期，yyyymmdd')
LIFECYCLE 400;

INSERT OVERWRITE TABLE ods_products PARTITION (ds = '${bizdate}')
SELECT  product_id,
        category_id,
        title
FROM    landing_products
WHERE   ds = '${bizdate}';
